"""`Dep` and `Out` inside annotations, wherever they stand in them."""

import dataclasses
import types
import typing
from typing import Any, NamedTuple, TypeVar

from pivot.outputs import Dep, Out, PlaceholderDep
from pivot.registry.hints import ANNOTATED

Marker = Dep[Any] | PlaceholderDep[Any] | Out[Any]
M = TypeVar("M", Dep[Any], Out[Any])
_MARKERS = (Dep, PlaceholderDep, Out)


class Marked(NamedTuple):
    """One `Annotated[kind, marker]`."""

    marker: Marker
    kind: Any
    """The type that is annotated."""


def marked_in(annotation: Any) -> list[Marked]:
    """List what is annotated, in `Annotated[...]` itself, under `| None`, `Required[...]`, in a type alias."""
    if isinstance(annotation, type):
        return []  # most are, and have no parts
    annotation = _aliased(annotation)
    if type(annotation) is ANNOTATED:
        kind, notes = annotation.__origin__, annotation.__metadata__
        return [Marked(note, kind) for note in notes if isinstance(note, _MARKERS)] + marked_in(kind)
    return [found for part in typing.get_args(annotation) for found in marked_in(part)]


def unmarked(annotation: Any) -> Any:
    """Give the type without what annotates it, and without `| None`."""
    if isinstance(annotation, type):
        return annotation
    annotation = _aliased(annotation)
    if type(annotation) is ANNOTATED:
        return unmarked(annotation.__origin__)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        some = [part for part in typing.get_args(annotation) if part is not type(None)]
        return unmarked(some[0]) if len(some) == 1 else annotation
    return annotation


def suited(marked: Marked) -> Marker:
    """Let the loader see what it loads into: `loaders.CSV()` reads polars for a `polars.DataFrame`."""
    kind, marker = unmarked(marked.kind), marked.marker
    if not isinstance(marker, PlaceholderDep) and isinstance(marker.path, (list, tuple)):
        kind = unmarked(next(iter(typing.get_args(kind)), kind))
    loader: Any = marker.loader.suited_to(kind)
    return marker if loader is marker.loader else dataclasses.replace(marker, loader=loader)


def _aliased(annotation: Any) -> Any:
    """Follow `type Rows = ...`."""
    while type(annotation).__name__ == "TypeAliasType":
        annotation = annotation.__value__
    return annotation
