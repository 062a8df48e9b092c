"""Say why one stage must run: what changed, where, how the stage reaches it, and what its source was."""

from collections.abc import Callable, Iterator
from typing import Any

from pivot.cli.answer import answer
from pivot.cli.console import BOLD, DIM, FRESH, RESTORED, STALE, Console
from pivot.cli.text import lines_of, one_line
from pivot.engine import Change, Explanation, Kind, Restore, Run, StageStatus
from pivot.registry.types import StageRef

_ADDED, _REMOVED = "32", "31"

Name = Callable[[StageRef], str]


def all_changes(found: Explanation, status: StageStatus) -> tuple[Change, ...]:
    """Join what changed for the stage itself with what will change because something above it must run."""
    above = (Change.of(reason) for reason in status.reasons if reason.kind is Kind.UPSTREAM)
    return (*found.changes, *above)


def tell_explanation(
    console: Console, name: Name, found: Explanation, status: StageStatus, *, place: str, diff: bool, manifest: bool
) -> None:
    """Write the explanation for a person."""
    out = console.out
    console.data(f"{_verdict(console, name(found.ref), status)}  {out.paint(place, DIM)}".rstrip())
    for change in all_changes(found, status):
        for line in _change(console, change, diff=diff):
            console.data(line)
    for note in found.manifest.notes:
        console.data(f"  {out.paint('note:', DIM)} {one_line(note)}")
    if manifest:
        for line in _manifest(console, found):
            console.data(line)


def _verdict(console: Console, name: str, status: StageStatus) -> str:
    out = console.out
    spelled = out.paint(name, BOLD)
    if isinstance(status.decision, Run):
        return f"{out.mark(STALE)} {spelled} must run"
    if isinstance(status.decision, Restore):
        return f"{out.mark(RESTORED)} {spelled} need not run: its outputs are in the cache"
    return f"{out.mark(FRESH)} {spelled} is up to date"


def _change(console: Console, change: Change, *, diff: bool) -> Iterator[str]:
    yield f"  {one_line(change.words)}  {console.out.paint(one_line(change.place), DIM)}".rstrip()
    if len(change.chain) > 1:
        yield f"    {' -> '.join(map(one_line, change.chain))}"
    if diff:
        yield from (f"    {_painted(console, line)}" for line in lines_of(change.diff))


def _painted(console: Console, line: str) -> str:
    color = _ADDED if line.startswith("+") else _REMOVED if line.startswith("-") else DIM
    return console.out.paint(line, color)


def _manifest(console: Console, found: Explanation) -> Iterator[str]:
    entries = found.manifest.entries
    width = max(map(len, entries), default=0)
    yield f"  {console.out.paint('the code it depends on:', DIM)}"
    for name, entry in sorted(entries.items()):
        yield f"    {one_line(name).ljust(width)}  {entry.hash[:12]}  {one_line(entry.place)}".rstrip()


def explanation_json(found: Explanation, status: StageStatus, *, place: str) -> str:
    """Give the explanation as one JSON object."""
    return answer(
        pipeline=found.ref.pipeline,
        stage=found.ref.stage,
        place=place,
        status=status.word,
        changes=[_change_data(change) for change in all_changes(found, status)],
        manifest={name: entry._asdict() for name, entry in found.manifest.entries.items()},
        notes=list(found.manifest.notes),
    )


def _change_data(change: Change) -> dict[str, Any]:
    return {
        **change.reason.to_data(),
        "text": change.words,
        "place": change.place,
        "chain": list(change.chain),
        "diff": change.diff,
    }
