"""From a function and what `register` is told to what is registered."""

from collections.abc import Callable, Sequence
from typing import Any

from pivot.registry.amounts import checked_resources, checked_retries, checked_timeout
from pivot.registry.artifacts import deps_of, outs_of, refuse_overlaps
from pivot.registry.chosen import params_of
from pivot.registry.errors import DefinitionError
from pivot.registry.names import stage_name
from pivot.registry.paths import paths_of
from pivot.registry.place import place_of
from pivot.registry.registration import Registration, RegistryStageInfo
from pivot.registry.signature import StageSignature, check_all_filled, signature_of


def stage_info(func: Callable[..., Any], told: Registration) -> RegistryStageInfo:
    """Check everything about one stage and put it together. Raises DefinitionError."""
    _check_callable(func, told.where)
    place = place_of(func, told.root)
    where = told.where or place
    name = _name(func, told, where)
    taken = _declared(signature_of(func, where), told)
    check_all_filled(taken, where)
    what = f"stage {name}"
    deps = deps_of(taken, told.dep_path_overrides or {}, what, where)
    incremental, outs = outs_of(taken, told.out_path_overrides or {}, what, where)
    deps_paths = [path for dep in deps.values() for path in paths_of(dep.path)]
    refuse_overlaps(deps_paths, outs, what, where)
    return {
        "name": name,
        "func": func,
        "state_dir": told.state_dir,
        "root": told.root,
        "params": params_of(taken, told.params, what, where),
        "params_arg": taken.params_arg,
        "mutex": _texts(told.mutex, "mutex", where),
        "resources": checked_resources(told.resources, where),
        "retries": checked_retries(told.retries, where),
        "timeout": checked_timeout(told.timeout, where),
        "variant": told.variant,
        "deps": deps,
        "outs": outs,
        "incremental": incremental,
        "deps_paths": deps_paths,
        "outs_paths": [path for out in outs.values() for path in paths_of(out.path)],
        "defaults": taken.defaults,
        "place": place,
        "version": None if told.version is None else str(told.version),
        "ignore": _texts(told.ignore, "ignore", where),
        "depends": list(told.depends) if isinstance(told.depends, (tuple, list, set)) else [told.depends],
    }


def _check_callable(func: object, where: str | None) -> None:
    if not callable(func):  # it has no place; who reads the traceback finds the line that registers it
        what = f"a {type(func).__qualname__} cannot be a stage"
        raise DefinitionError(what, where=where, hint="Register a function itself, not what it returns.")


def _name(func: Callable[..., Any], told: Registration, where: str) -> str:
    given = told.name
    if given is None:
        given = getattr(func, "__name__", None)
    if given is None or given == "<lambda>":
        raise DefinitionError("the stage has no name", where=where, hint="Give it one: register(..., name=...).")
    return stage_name(given if told.variant is None else f"{given}@{told.variant}", where)


def _declared(taken: StageSignature, told: Registration) -> StageSignature:
    """Add what is declared beside the function."""
    if not told.deps and not told.outs:
        return taken
    plain = {name: annotation for name, annotation in taken.plain.items() if name not in told.deps}
    return taken._replace(deps={**taken.deps, **told.deps}, outs={**taken.outs, **told.outs}, plain=plain)


def _texts(given: Sequence[str] | str, option: str, where: str) -> list[str]:
    texts = [given] if isinstance(given, str) else list(given)
    for text in texts:
        if not isinstance(text, str) or not text.strip():
            what = f"{option} must be a list of names, not {given!r}"
            raise DefinitionError(what, where=where, hint=f'Write {option}=["name"].')
    return texts
