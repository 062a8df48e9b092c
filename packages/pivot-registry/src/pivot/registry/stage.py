"""From a function and what `register` is told to what is registered."""

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

from pivot.outputs import Dep, IncrementalOut, Out, PlaceholderDep
from pivot.registry.errors import DefinitionError
from pivot.registry.names import stage_name
from pivot.registry.params import make_params
from pivot.registry.paths import input_spec, output_spec, overlap, paths_of
from pivot.registry.place import place_of
from pivot.registry.signature import StageSignature, check_all_filled, signature_of
from pivot.registry.suggest import hint_for
from pivot.registry.types import StateDir


class RegistryStageInfo(TypedDict):
    """One registered stage: the live thing, with its function."""

    name: str
    func: Callable[..., Any]
    state_dir: StateDir | Path | None
    """None: the default given at run time."""
    root: Path | None
    params: Any
    """A `StageParams`, or None."""
    params_arg: str | None
    """The parameter of the function that receives it."""
    mutex: list[str]
    variant: str | None
    deps: dict[str, Dep[Any]]
    """By parameter; overrides applied, paths checked and normalised."""
    outs: dict[str, Out[Any]]
    """By the key in what the function returns; `return` for the returned value itself."""
    incremental: dict[str, str]
    """Parameter -> the key in `outs` of the IncrementalOut that it receives."""
    deps_paths: list[str]
    outs_paths: list[str]
    signature: inspect.Signature
    place: str
    """`pipeline.py:41`, relative to the root."""
    version: str | None
    ignore: list[str]
    depends: list[Any]


class Registration(NamedTuple):
    """What `register` is told besides the function. Frozen in, so that no function lists fourteen keywords again."""

    name: str | None = None
    state_dir: StateDir | Path | None = None
    root: Path | None = None
    params: Any = None
    """A `StageParams`, its class, or a mapping of fields."""
    mutex: Sequence[str] | str = ()
    variant: str | None = None
    dep_path_overrides: Mapping[str, Any] | None = None
    out_path_overrides: Mapping[str, Any] | None = None
    version: str | None = None
    ignore: Sequence[str] | str = ()
    depends: Iterable[Any] = ()
    deps: Mapping[str, Dep[Any]] = {}
    """Inputs of parameters that no `Dep` annotates (pivot.yaml declares such)."""
    outs: Mapping[str, Out[Any]] = {}
    """Outputs that the return annotation does not declare."""
    where: str | None = None
    """What is to be corrected, if not the function: `pivot.yaml:12`."""


def stage_info(func: Callable[..., Any], told: Registration) -> RegistryStageInfo:
    """Check everything about one stage and put it together. Raises DefinitionError."""
    where = told.where or place_of(func, told.root)
    name = _name(func, told, where)
    taken = _declared(signature_of(func, where), told)
    check_all_filled(taken, where)
    what = f"stage {name}"
    deps = _deps(taken, told.dep_path_overrides or {}, what, where)
    incremental, outs = _outs(taken, told.out_path_overrides or {}, what, where)
    _refuse_overlaps(deps, outs, what, where)
    return RegistryStageInfo(
        name=name,
        func=func,
        state_dir=told.state_dir,
        root=told.root,
        params=_params(taken, told.params, what, where),
        params_arg=taken.params_arg,
        mutex=_texts(told.mutex, "mutex", where),
        variant=told.variant,
        deps=deps,
        outs=outs,
        incremental=incremental,
        deps_paths=[path for dep in deps.values() for path in paths_of(dep.path)],
        outs_paths=[path for out in outs.values() for path in paths_of(out.path)],
        signature=taken.signature,
        place=place_of(func, told.root),
        version=None if told.version is None else str(told.version),
        ignore=_texts(told.ignore, "ignore", where),
        depends=list(told.depends) if isinstance(told.depends, list | tuple | set) else [told.depends],
    )


def _name(func: Callable[..., Any], told: Registration, where: str) -> str:
    given = told.name
    if given is None:
        given = getattr(func, "__name__", None)
    if given is None or given == "<lambda>":
        raise DefinitionError("the stage has no name", where=where, hint="Give it one: register(..., name=...).")
    return stage_name(given if told.variant is None else f"{given}@{told.variant}", where)


def _declared(taken: StageSignature, told: Registration) -> StageSignature:
    """Add what is declared beside the function."""
    plain = {name: annotation for name, annotation in taken.plain.items() if name not in told.deps}
    return taken._replace(deps={**taken.deps, **told.deps}, outs={**taken.outs, **told.outs}, plain=plain)


def _deps(taken: StageSignature, overrides: Mapping[str, Any], what: str, where: str) -> dict[str, Dep[Any]]:
    _refuse_unknown(overrides, taken.deps, f"{what} has no input", "inputs", where)
    found: dict[str, Dep[Any]] = {}
    for arg, dep in taken.deps.items():
        label = f"input {arg!r} of {what}"
        if isinstance(dep, PlaceholderDep):
            found[arg] = Dep(input_spec(_given(overrides, arg, what, where), label, where), dep.loader)
        else:
            spec = _overridden(dep.path, overrides.get(arg), label, where)
            found[arg] = dataclasses.replace(dep, path=input_spec(spec, label, where))
    return found


def _given(overrides: Mapping[str, Any], arg: str, what: str, where: str) -> Any:
    if arg not in overrides:
        raise DefinitionError(
            f"input {arg!r} of {what} is a PlaceholderDep without a path",
            where=where,
            hint=f'Give it one: dep_path_overrides={{"{arg}": "..."}}.',
        )
    return overrides[arg]


def _outs(
    taken: StageSignature, overrides: Mapping[str, Any], what: str, where: str
) -> tuple[dict[str, str], dict[str, Out[Any]]]:
    """Give the parameters that receive an output, and the outputs."""
    declared = dict(taken.outs)
    incremental = {arg: _key_of(arg, out, declared, what, where) for arg, out in taken.incremental.items()}
    for arg, key in incremental.items():
        declared.setdefault(key, taken.incremental[arg])
    _refuse_unknown(overrides, declared, f"{what} has no output", "outputs", where)
    outs: dict[str, Out[Any]] = {}
    for key, out in declared.items():
        label = f"output {key!r} of {what}"
        spec = _overridden(out.path, overrides.get(key), label, where)
        outs[key] = dataclasses.replace(out, path=output_spec(spec, label, where))
    return incremental, outs


def _key_of(arg: str, wanted: IncrementalOut[Any], outs: Mapping[str, Out[Any]], what: str, where: str) -> str:
    """Find the output that a parameter receives; one that the function modifies in place is an output by itself."""
    for key, out in outs.items():
        if isinstance(out, IncrementalOut) and out.path == wanted.path:
            return key
    if wanted.loader.hands_paths:
        return arg
    raise DefinitionError(
        f"{what} receives {wanted.path} as {arg!r}, but does not return it",
        where=where,
        hint="Annotate the returned value with the same IncrementalOut, or use loaders.PathOnly().",
    )


def _overridden(path: Any, override: Any, label: str, where: str) -> Any:
    if override is None:
        return path
    many = isinstance(path, list | tuple)
    if many != isinstance(override, list | tuple):
        takes = "a list of paths" if many else "one path"
        raise DefinitionError(f"{label} takes {takes}", where=where, hint=f"Override it with {takes}.")
    return override


def _refuse_unknown(given: Iterable[str], known: Iterable[str], what: str, kind: str, where: str) -> None:
    names = list(known)
    for key in given:
        if key not in names:
            raise DefinitionError(f"{what} {key!r}", where=where, hint=hint_for(key, names, kind))


def _refuse_overlaps(deps: Mapping[str, Dep[Any]], outs: Mapping[str, Out[Any]], what: str, where: str) -> None:
    """Refuse a file that two outputs write, or that the stage both reads and writes."""
    written = [(path, out) for out in outs.values() for path in paths_of(out.path)]
    for index, (path, _) in enumerate(written):
        for other, _ in written[:index]:
            if overlap(path, other):
                both = f"writes {path} twice" if path == other else f"has two outputs, {other} and {path}, in one place"
                raise DefinitionError(f"{what} {both}", where=where, hint="Give every output a path of its own.")
    for read in (path for dep in deps.values() for path in paths_of(dep.path)):
        for path, out in written:
            if overlap(path, read) and not isinstance(out, IncrementalOut):
                raise DefinitionError(
                    f"{what} reads {read} and writes {path}",
                    where=where,
                    hint="Write to another path, or use IncrementalOut to go on from the last run.",
                )


def _params(taken: StageSignature, given: Any, what: str, where: str) -> Any:
    if taken.params_arg is None:
        if given is not None:
            raise DefinitionError(
                f"{what} is given params, but its function takes none",
                where=where,
                hint="Annotate a parameter of the function with a StageParams class.",
            )
        return None
    if given is None or isinstance(given, type):
        return _default_params(taken, given, what, where)
    kind = taken.params_class or type(given)
    if isinstance(given, Mapping):
        return make_params(kind, given, where)
    if not isinstance(given, kind) or not hasattr(kind, "model_validate"):
        raise DefinitionError(
            f"params of {what} must be a {kind.__qualname__}, not a {type(given).__qualname__}",
            where=where,
            hint=f"Write params={kind.__qualname__}(...).",
        )
    return given


def _default_params(taken: StageSignature, given: type | None, what: str, where: str) -> Any:
    """Take the function's default, else what the class makes without being told anything."""
    default = taken.signature.parameters[taken.params_arg or ""].default
    kind = given or taken.params_class
    if given is None and default is not inspect.Parameter.empty:
        return default
    if kind is None:
        raise DefinitionError(f"{what} needs params", where=where, hint="Write register(..., params=...).")
    try:
        return make_params(kind, {}, where)
    except DefinitionError as error:
        hint = f"Write register(..., params={kind.__qualname__}(...))."
        raise DefinitionError(f"{what} needs params: {error.what}", where=where, hint=hint) from None


def _texts(given: Sequence[str] | str, option: str, where: str) -> list[str]:
    texts = [given] if isinstance(given, str) else list(given)
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise DefinitionError(f"{option} must be a list of names, not {given!r}", where=where)
    return texts
