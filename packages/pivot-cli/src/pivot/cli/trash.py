"""Say what was moved to the trash, what lies there, and what of it goes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pivot.cli.console import Console
from pivot.cli.text import count, moment, size

if TYPE_CHECKING:
    from pivot.engine.trash import Thrown

KEPT = 30 * 86_400.0
"""Seconds for which a collection leaves alone what is there."""
_LISTED = 20

Spelled = Callable[[Path], str]


def tell_trash(console: Console, spelled: Spelled, places: Iterable[Path]) -> None:
    """Say where that is now which lay in the way."""
    for place in places:
        console.say(f"note: what lay in the place of outputs, and is kept nowhere else, is now in {spelled(place)}")


class Sorted(NamedTuple):
    """What of the trash goes, and what stays."""

    gone: "Sequence[Thrown]"
    kept: "Sequence[Thrown]"


def trash_lines(found: Sorted, spelled: Spelled, *, dry_run: bool, verbose: bool = False) -> Iterator[str]:
    """Say what goes and what stays, if there is anything."""
    gone, kept = found
    if gone:
        yield f"{'would remove' if dry_run else 'removed'} {summary(gone)} from the trash"
        shown = gone if verbose else gone[:_LISTED]
        yield from (f"  {size(each.bytes):>9}  of {moment(each.time)}  {spelled(each.path)}" for each in shown)
        if len(shown) < len(gone):
            yield f"  and {len(gone) - len(shown)} younger ones (-v lists all)"
    if kept:
        yield f"kept {summary(kept)} in the trash, what was replaced lately and is nowhere else (--keep-trash)"


def trash_data(found: Sorted, spelled: Spelled) -> dict[str, Any]:
    """Give the same as JSON values."""
    removed = [{"path": spelled(each.path), "bytes": each.bytes, "time": each.time} for each in found.gone]
    return {"removed": removed, "kept": len(found.kept), "kept_bytes": sum(each.bytes for each in found.kept)}


def summary(items: "Sequence[Thrown]") -> str:
    """Count them."""
    return f"{count(len(items), 'item')}, {size(sum(each.bytes for each in items))}"
