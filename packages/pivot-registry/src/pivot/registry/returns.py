"""What the return annotation of a stage function declares."""

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any

from pivot.outputs import Out
from pivot.registry.errors import DefinitionError
from pivot.registry.hints import hints_of
from pivot.registry.markers import MARKERS, markers_in, unmarked

RETURN = "return"
"""The key of the output of a function that returns the value itself."""


def outs_of(annotation: Any, where: str) -> Mapping[str, Out[Any]]:
    """Give the outputs by the key in what the function returns. Raises DefinitionError."""
    found = _outs_in(annotation, "the returned value", where)
    if not found and _is_record(record := unmarked(annotation)):
        return _of_record(record, where)
    if len(found) > 1:
        raise DefinitionError(
            "its return annotation has several outputs",
            where=where,
            hint="Return a TypedDict with one annotated key for each output.",
        )
    if not found and _hides_outputs(annotation):
        raise DefinitionError(
            f"its return annotation is not a type, but of type {type(annotation).__qualname__}",
            where=where,
            hint="Write `-> Annotated[..., Out(...)]`, or return a TypedDict with one annotated key for each output.",
        )
    return {RETURN: found[0]} if found else {}


def _hides_outputs(annotation: Any) -> bool:
    """Whether there are outputs where no type checker would look: in a literal, or without `Annotated`."""
    parts = annotation.values() if isinstance(annotation, Mapping) else annotation
    inside = parts if isinstance(annotation, Mapping | tuple | list) else (annotation,)
    return any(isinstance(part, MARKERS) or markers_in(part) for part in inside)


def _is_record(kind: Any) -> bool:
    """Whether a class has named, annotated parts: a TypedDict, a NamedTuple, a dataclass."""
    if not isinstance(kind, type):
        return False
    is_tuple = issubclass(kind, tuple) and hasattr(kind, "_fields")
    return typing.is_typeddict(kind) or is_tuple or dataclasses.is_dataclass(kind)


def _of_record(record: type, where: str) -> Mapping[str, Out[Any]]:
    hints, unknown = hints_of(record)
    found = {key: _outs_in(annotation, f"the key {key!r}", where) for key, annotation in hints.items()}
    if not any(found.values()) and not unknown:
        return {}
    for key, outs in found.items():
        if len(outs) != 1:
            raise _not_one(record, key, len(outs), unknown, where)
    return {key: out for key, (out,) in found.items()}


def _outs_in(annotation: Any, what: str, where: str) -> list[Out[Any]]:
    markers = markers_in(annotation)
    outs = [marker for marker in markers if isinstance(marker, Out)]
    if len(outs) < len(markers):
        raise DefinitionError(
            f"{what} is annotated with Dep, an input", where=where, hint="Annotate it with Out, Metric or Plot."
        )
    return outs


def _not_one(record: type, key: str, count: int, unknown: tuple[str, ...], where: str) -> DefinitionError:
    if count:
        what, hint = "has several outputs", "Give every key one Out."
    elif unknown:
        what = f"has a name that is not defined ({', '.join(unknown)})"
        hint = "Import it at the top of the module, outside `if TYPE_CHECKING:`."
    else:
        what, hint = "has no output", f'Annotate it, as in `{key}: Annotated[..., Out("{key}.json", loaders.JSON())]`.'
    return DefinitionError(f"the key {key!r} of {record.__qualname__} {what}", where=where, hint=hint)
