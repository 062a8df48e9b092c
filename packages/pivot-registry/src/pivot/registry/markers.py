"""`Dep` and `Out` inside annotations, wherever they stand in them."""

import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple, TypeVar

from pivot.outputs import Dep, Out, PlaceholderDep

Marker = Dep[Any] | PlaceholderDep[Any] | Out[Any]
M = TypeVar("M", Dep[Any], Out[Any])


class Marked(NamedTuple):
    """One `Annotated[kind, marker]`."""

    marker: Marker
    kind: Any
    """The type that is annotated."""


def marked_in(annotation: Any) -> list[Marked]:
    """List what is annotated, in `Annotated[...]` itself, under `| None`, `Required[...]`, in a type alias."""
    return list(_walk(annotation))


def unmarked(annotation: Any) -> Any:
    """Give the type without what annotates it, and without `| None`."""
    if isinstance(annotation, type):
        return annotation
    annotation = _aliased(annotation)
    if typing.get_origin(annotation) is Annotated:
        return unmarked(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        some = [part for part in typing.get_args(annotation) if part is not type(None)]
        return unmarked(some[0]) if len(some) == 1 else annotation
    return annotation


def suited(marked: Marked) -> Marker:
    """Let the loader see what it loads into: `loaders.CSV()` reads polars for a `polars.DataFrame`."""
    import dataclasses

    kind, marker = unmarked(marked.kind), marked.marker
    if not isinstance(marker, PlaceholderDep) and isinstance(marker.path, list | tuple):
        kind = unmarked(next(iter(typing.get_args(kind)), kind))
    loader: Any = marker.loader.suited_to(kind)
    return marker if loader is marker.loader else dataclasses.replace(marker, loader=loader)


def _walk(annotation: Any) -> Iterator[Marked]:
    if isinstance(annotation, type):
        return  # most are, and have no parts
    annotation = _aliased(annotation)
    if typing.get_origin(annotation) is Annotated:
        kind, *notes = typing.get_args(annotation)
        yield from (Marked(note, kind) for note in notes if isinstance(note, Dep | PlaceholderDep | Out))
        yield from _walk(kind)
    else:
        for part in typing.get_args(annotation):
            yield from _walk(part)


def _aliased(annotation: Any) -> Any:
    """Follow `type Rows = ...`."""
    while type(annotation).__name__ == "TypeAliasType":
        annotation = annotation.__value__
    return annotation
