"""What the annotations of a stage function declare."""

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pivot.outputs import Dep, IncrementalOut, Out, PlaceholderDep
from pivot.registry.errors import DefinitionError
from pivot.registry.hints import Unknown, hints_of
from pivot.registry.markers import MARKERS, Marker, markers_in, unmarked
from pivot.registry.parameters import parameters_of
from pivot.registry.place import innermost
from pivot.registry.returns import outs_of


class StageSignature(NamedTuple):
    """A stage function as it declares itself, nothing overridden yet."""

    deps: Mapping[str, Dep[Any] | PlaceholderDep[Any]]
    incremental: Mapping[str, IncrementalOut[Any]]
    """By parameter: outputs that the function starts from."""
    outs: Mapping[str, Out[Any]]
    """By the key in the returned mapping; `return` for the returned value itself."""
    params_arg: str | None
    params_class: type | None
    """None with a `params_arg`: the class is known to type checkers only."""
    plain: Mapping[str, Any]
    """Parameters that nothing fills: name -> annotation."""
    defaults: dict[str, Any]
    returns: Any
    """The return annotation."""
    unknown: tuple[str, ...]
    """Names in annotations that are not defined."""


def signature_of(func: Callable[..., Any], where: str) -> StageSignature:
    """Read the annotations of a stage function. Raises DefinitionError."""
    names, defaults = parameters_of(func, where)
    for name, default in defaults.items():
        if isinstance(default, MARKERS):
            raise _default(name, default, where)
    hints, unknown = hints_of(innermost(func))
    deps: dict[str, Dep[Any] | PlaceholderDep[Any]] = {}
    incremental: dict[str, IncrementalOut[Any]] = {}
    plain: dict[str, Any] = {}
    for name in names:
        annotation = hints.get(name, inspect.Parameter.empty)
        match _marker(name, annotation, where):
            case Dep() | PlaceholderDep() as dep:
                deps[name] = dep
            case IncrementalOut() as out:
                incremental[name] = out
            case Out() as out:
                raise _misplaced(name, out, where)
            case None:
                plain[name] = annotation
    params_arg = _params_arg(plain, where) if plain else None
    params_class = None if params_arg is None else _class_in(plain.pop(params_arg))
    returns = hints.get("return")
    outs = outs_of(returns, where)
    return StageSignature(deps, incremental, outs, params_arg, params_class, plain, defaults, returns, unknown)


def check_all_filled(taken: StageSignature, where: str) -> None:
    """Refuse a parameter that would get no value, and a return annotation that may hide outputs."""
    if not taken.outs and isinstance(taken.returns, Unknown):
        raise DefinitionError(
            f"its return annotation has a name that is not defined ({', '.join(taken.unknown)})",
            where=where,
            hint="Define or import it at the top of the module, outside `if TYPE_CHECKING:`.",
        )
    for name, annotation in taken.plain.items():
        if name not in taken.defaults:
            raise DefinitionError(
                f"nothing gives the parameter {name!r} a value{_why(annotation, taken.unknown)}",
                where=where,
                hint=f'Annotate it, as in `{name}: Annotated[..., Dep("{name}.csv", loaders.CSV())]`,'
                " give it a default, or make it a StageParams.",
            )


def _why(annotation: Any, unknown: tuple[str, ...]) -> str:
    if annotation is inspect.Parameter.empty:
        return ": it has no annotation"
    if isinstance(annotation, Unknown) and unknown:
        return f": its annotation has a name that is not defined ({', '.join(unknown)})"
    if isinstance(annotation, MARKERS):
        return f": a {type(annotation).__name__} alone is no annotation"
    return ": its annotation has no Dep"


def _marker(name: str, annotation: Any, where: str) -> Marker | None:
    found = markers_in(annotation)
    if len(found) > 1:
        raise DefinitionError(
            f"the parameter {name!r} is annotated twice", where=where, hint="Give every parameter one Dep."
        )
    return found[0] if found else None


def _default(name: str, default: Marker, where: str) -> DefinitionError:
    kind = type(default).__name__
    return DefinitionError(
        f"the default of the parameter {name!r} is a {kind}",
        where=where,
        hint=f"Annotate it instead, as in `{name}: Annotated[..., {kind}(...)]`.",
    )


def _misplaced(name: str, out: Out[Any], where: str) -> DefinitionError:
    kind = type(out).__name__
    return DefinitionError(
        f"the parameter {name!r} is annotated with {kind}, an output",
        where=where,
        hint=f"Annotate what the function returns, as in `-> Annotated[..., {kind}({out.path!r}, ...)]`.",
    )


def _params_arg(plain: Mapping[str, Any], where: str) -> str | None:
    """Find the parameter that receives the stage's parameters."""
    typed = [name for name, annotation in plain.items() if _class_in(annotation) is not None]
    if len(typed) > 1:
        raise DefinitionError(
            f"both {typed[0]!r} and {typed[1]!r} are StageParams",
            where=where,
            hint="Put all parameters into one class.",
        )
    for name, annotation in plain.items():
        if _is_other_model(unmarked(annotation)):
            raise DefinitionError(
                f"the class of {name!r} is a pydantic model, but no StageParams",
                where=where,
                hint="Derive it from pivot.stage_def.StageParams.",
            )
    guessed = isinstance(plain.get("params", None), Unknown) or plain.get("params") is inspect.Parameter.empty
    return typed[0] if typed else "params" if guessed else None


def _class_in(annotation: Any) -> type | None:
    """Give the StageParams class that an annotation names. Who has one has imported its module."""
    base = getattr(sys.modules.get("pivot.stage_def.params"), "StageParams", None)
    kind = unmarked(annotation)
    return kind if base is not None and isinstance(kind, type) and issubclass(kind, base) else None


def _is_other_model(kind: Any) -> bool:
    base = getattr(sys.modules.get("pydantic"), "BaseModel", None)
    return base is not None and isinstance(kind, type) and issubclass(kind, base) and _class_in(kind) is None
