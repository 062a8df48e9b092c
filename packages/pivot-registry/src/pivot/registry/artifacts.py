"""The inputs and outputs of one stage: what the function declares, with the paths that the registration gives."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from pivot.outputs import Dep, IncrementalOut, Out, PlaceholderDep
from pivot.registry.errors import DefinitionError
from pivot.registry.markers import M
from pivot.registry.paths import Spec, input_spec, is_plain, is_plain_output, output_spec, overlap, paths_of
from pivot.registry.signature import StageSignature
from pivot.registry.suggest import hint_for


def deps_of(taken: StageSignature, overrides: Mapping[str, Any], what: str, where: str) -> dict[str, Dep[Any]]:
    if overrides:
        _refuse_unknown(overrides, taken.deps, f"{what} has no input", "inputs", where)
    found: dict[str, Dep[Any]] = {}
    for arg, dep in taken.deps.items():
        if arg not in overrides and isinstance(dep, Dep) and is_plain(dep.path):
            found[arg] = dep
            continue
        label = f"input {arg!r} of {what}"
        if isinstance(dep, PlaceholderDep):
            found[arg] = Dep(input_spec(_given(overrides, arg, what, where), label, where), dep.loader)
        else:
            spec = _overridden(dep.path, overrides.get(arg), label, where)
            found[arg] = _at(dep, input_spec(spec, label, where))
    return found


def _at(marker: M, path: Spec) -> M:
    return marker if marker.path == path else dataclasses.replace(marker, path=path)


def _given(overrides: Mapping[str, Any], arg: str, what: str, where: str) -> Any:
    if arg not in overrides:
        raise DefinitionError(
            f"input {arg!r} of {what} is a PlaceholderDep without a path",
            where=where,
            hint=f'Give it one: dep_path_overrides={{"{arg}": "..."}}.',
        )
    return overrides[arg]


def outs_of(
    taken: StageSignature, overrides: Mapping[str, Any], what: str, where: str
) -> tuple[dict[str, str], dict[str, Out[Any]]]:
    """Give the parameters that receive an output, and the outputs."""
    declared, incremental = {**taken.outs}, {}
    for arg, wanted in taken.incremental.items():
        key = incremental[arg] = _key_of(arg, wanted, taken.outs, what, where)
        declared.setdefault(key, wanted)
    if overrides:
        _refuse_unknown(overrides, declared, f"{what} has no output", "outputs", where)
    outs: dict[str, Out[Any]] = {}
    for key, out in declared.items():
        if key not in overrides and is_plain_output(out.path):
            outs[key] = out
            continue
        label = f"output {key!r} of {what}"
        spec = _overridden(out.path, overrides.get(key), label, where)
        outs[key] = _at(out, output_spec(spec, label, where))
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


def _refuse_unknown(given: Iterable[str], known: Collection[str], what: str, kind: str, where: str) -> None:
    for key in given:
        if key not in known:
            raise DefinitionError(f"{what} {key!r}", where=where, hint=hint_for(key, known, kind))


def refuse_overlaps(reads: Sequence[str], outs: Mapping[str, Out[Any]], what: str, where: str) -> None:
    """Refuse a file that two outputs write, or that the stage both reads and writes."""
    written: list[str] = []
    for out in outs.values():
        for path in paths_of(out.path):
            if (other := _overlapping(path, written)) is not None:
                both = f"writes {path} twice" if path == other else f"has two outputs, {other} and {path}, in one place"
                raise DefinitionError(f"{what} {both}", where=where, hint="Give every output a path of its own.")
            if (read := _overlapping(path, reads)) is not None and not isinstance(out, IncrementalOut):
                raise DefinitionError(
                    f"{what} reads {read} and writes {path}",
                    where=where,
                    hint="Write to another path, or use IncrementalOut to go on from the last run.",
                )
            written.append(path)


def _overlapping(path: str, others: Iterable[str]) -> str | None:
    """Give the first of the others that overlaps with a path."""
    for other in others:
        if overlap(path, other):
            return other
    return None
