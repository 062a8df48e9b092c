"""`Dep` and `Out` inside annotations, wherever they stand in them."""

import dataclasses
import types
import typing
from typing import Any, TypeVar

from pivot.loaders.base import Reader, Writer
from pivot.outputs import Dep, Out, PlaceholderDep
from pivot.registry.errors import DefinitionError
from pivot.registry.hints import ANNOTATED

Marker = Dep[Any] | PlaceholderDep[Any] | Out[Any]
M = TypeVar("M", Dep[Any], Out[Any])
MARKERS = (Dep, Out, PlaceholderDep)


def markers_in(annotation: Any) -> list[Marker]:
    """List what annotates, in `Annotated[...]` itself, under `| None`, `Required[...]`, in a type alias.

    Each has the loader that suits what it annotates. Raises DefinitionError if it is none.
    """
    if type(annotation) is ANNOTATED:
        kind = annotation.__origin__
        own = [_suited(note, kind) for note in annotation.__metadata__ if isinstance(note, MARKERS)]
        return own if isinstance(kind, type) else own + markers_in(kind)
    if isinstance(annotation, type):
        return []  # most are, and have no parts
    if _is_alias(annotation):
        return markers_in(annotation.__value__)
    return [found for part in typing.get_args(annotation) for found in markers_in(part)]


def unmarked(annotation: Any) -> Any:
    """Give the type without what annotates it, and without `| None`."""
    if isinstance(annotation, type):
        return annotation
    if type(annotation) is ANNOTATED:
        return unmarked(annotation.__origin__)
    if _is_alias(annotation):
        return unmarked(annotation.__value__)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        some = [part for part in typing.get_args(annotation) if part is not type(None)]
        return unmarked(some[0]) if len(some) == 1 else annotation
    return annotation


def _suited(marker: Marker, annotated: Any) -> Marker:
    """Let the loader see what it loads into: `loaders.CSV()` reads polars for a `polars.DataFrame`."""
    kind = unmarked(annotated)
    if isinstance(getattr(marker, "path", None), (list, tuple)):
        kind = unmarked(next(iter(typing.get_args(kind)), kind))
    try:
        loader: Any = marker.loader.suited_to(kind)
    except (AttributeError, TypeError):
        if isinstance(marker.loader, Reader | Writer):
            raise
        raise _no_loader(marker) from None
    return marker if loader is marker.loader else dataclasses.replace(marker, loader=loader)


def _no_loader(marker: Marker) -> DefinitionError:
    given: Any = marker.loader
    named, write = (
        (f"the class {given.__name__}", f"{given.__name__}()")
        if isinstance(given, type)
        else (repr(given), "loaders.CSV()")
    )
    return DefinitionError(
        f"the loader of {type(marker).__name__} {getattr(marker, 'path', '')!r} is {named}",
        hint=f"Give it a loader, such as {write}.",
    )


def _is_alias(annotation: Any) -> bool:
    """Whether it is made by `type Rows = ...`."""
    return type(annotation).__name__ == "TypeAliasType"
