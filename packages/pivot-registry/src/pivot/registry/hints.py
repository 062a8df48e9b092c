"""What the annotations of a function or a class mean, also when some of their names exist for type checkers only."""

import builtins
import inspect
import sys
import typing
from collections.abc import Mapping
from types import NoneType
from typing import Annotated, Any

from pivot.registry.place import is_bare

ANNOTATED: type[Any] = type(Annotated[int, ""])
"""Asked for where `typing.get_origin` would do: every annotation of every stage is, several times."""


def hints_of(target: Any) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Resolve the annotations of a function or a class, `Annotated` kept.

    Gives also the names in them that are not defined, such as those imported under `if TYPE_CHECKING:`.
    """
    try:
        if is_bare(target) and (values := _resolved(target.__annotations__)) is not None:
            return values, ()
        return typing.get_type_hints(target, localns=_closure(target) or None, include_extras=True), ()
    except Exception:  # noqa: BLE001  (an annotation may hold any expression)
        return _tolerantly(target)


def _resolved(annotations: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give what `typing` would, if all are classes, annotated or not, as most are."""
    values: dict[str, Any] = {}
    for name, raw in annotations.items():
        annotation: Any = NoneType if raw is None else raw
        kind = annotation.__origin__ if type(annotation) is ANNOTATED else annotation
        if not isinstance(kind, type):
            return None
        values[name] = annotation
    return values


class Unknown:
    """Stands for a name that is not defined; whatever is asked of it is unknown too."""

    def __getattr__(self, name: str) -> "Unknown":
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: object) -> "Unknown":
        return self

    def __call__(self, *_args: object, **_options: object) -> "Unknown":
        return self

    def __or__(self, other: object) -> Any:
        return typing.Union[self, other]  # noqa: UP007  (self is no type)

    def __ror__(self, other: object) -> Any:
        return typing.Union[other, self]  # noqa: UP007


class _Scope(dict[str, Any]):
    """The names that annotations see, and `Unknown` for all others, which it collects."""

    def __init__(self, *layers: Mapping[str, Any]) -> None:
        super().__init__()
        self._layers = (*layers, vars(builtins))
        self.missed: list[str] = []

    def __missing__(self, name: str) -> Any:
        for layer in self._layers:
            if name in layer:
                return layer[name]
        self.missed.append(name)
        return Unknown()


def _tolerantly(target: Any) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Resolve annotations one by one; an unknown name spoils only what it stands in."""
    scope = _Scope(_closure(target), _globals(target))
    values = {name: _evaluated(raw, scope) for name, raw in _written(target).items()}
    return values, tuple(dict.fromkeys(scope.missed))


def _evaluated(raw: Any, scope: _Scope) -> Any:
    text = raw.__forward_arg__ if isinstance(raw, typing.ForwardRef) else raw
    if not isinstance(text, str):
        return raw
    try:
        return eval(text, {"__builtins__": {}}, scope)  # noqa: S307  (the user's own code, as typing does it)
    except Exception:  # noqa: BLE001
        scope.missed.append(text)
        return Unknown()


def _written(target: Any) -> Mapping[str, Any]:
    """Give annotations as the file has them, those of base classes too, without evaluating what is lazy."""
    owners = reversed(target.__mro__) if isinstance(target, type) else [target]
    return {name: raw for owner in owners for name, raw in _own(owner).items()}


def _own(target: Any) -> Mapping[str, Any]:
    if sys.version_info >= (3, 14):
        import annotationlib

        # As text: with FORWARDREF an annotation with one unknown name is not taken apart.
        return annotationlib.get_annotations(target, format=annotationlib.Format.STRING)
    return inspect.get_annotations(target)


def _globals(target: Any) -> Mapping[str, Any]:
    if (own := getattr(target, "__globals__", None)) is not None:
        return typing.cast("Mapping[str, Any]", own)
    return vars(sys.modules.get(target.__module__, builtins))


def _closure(target: Any) -> dict[str, Any]:
    """Collect the variables of enclosing functions that the function, or its annotations, refer to."""
    found: dict[str, Any] = {}
    for func in (target, getattr(target, "__annotate__", None)):
        names, cells = getattr(getattr(func, "__code__", None), "co_freevars", ()), getattr(func, "__closure__", None)
        for name, cell in zip(names, cells or (), strict=False):
            try:
                found[name] = cell.cell_contents
            except ValueError:
                continue  # not bound yet
    return found
