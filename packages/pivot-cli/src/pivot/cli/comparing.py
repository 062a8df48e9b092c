"""Say how two runs differ, stage by stage."""

from collections.abc import Iterator, Sequence

from pivot.cli.console import BOLD, DIM, Console
from pivot.cli.progress import Name
from pivot.cli.text import count, duration, one_line
from pivot.engine.analysis import Change, Compared
from pivot.engine.records import RunRecord, StageRecord

_COLUMN = 23
"""Wide enough for the name of a run."""
_COLORS = {Change.SLOWER: "31", Change.FASTER: "32"}


def tell_comparison(console: Console, name: Name, before: RunRecord, now: RunRecord, rows: Sequence[Compared]) -> None:
    """Write what differs; with `-v` also what does not."""
    for line in _lines(console, name, before, now, rows):
        console.data(line)


def _lines(console: Console, name: Name, before: RunRecord, now: RunRecord, rows: Sequence[Compared]) -> Iterator[str]:
    shown = [row for row in rows if row.change is not Change.SAME or console.verbosity >= 1]
    width = max([len(one_line(name(row.ref))) for row in shown] + [len("in all")])
    yield console.out.paint(f"  {'':<{width}}  {before.id:>{_COLUMN}}  {now.id:>{_COLUMN}}", DIM)
    for row in shown:
        yield f"  {one_line(name(row.ref)):<{width}}  {_columns(console, row)}".rstrip()
    if len(shown) < len(rows):
        yield f"  and {count(len(rows) - len(shown), 'stage')} that took about the same (-v lists all)"
    total = _three(duration(before.seconds), duration(now.seconds), now.seconds - before.seconds)
    yield console.out.paint(f"  {'in all':<{width}}  {total}", BOLD)


def _columns(console: Console, row: Compared) -> str:
    change = "" if row.change is Change.STATUS else str(row.change)
    painted = console.out.paint(change, _COLORS.get(row.change, DIM))
    return f"{_three(_cell(row.before), _cell(row.now), row.difference)}  {painted}"


def _three(before: str, now: str, difference: float) -> str:
    sign = "-" if difference < 0 else "+"
    return f"{before:>{_COLUMN}}  {now:>{_COLUMN}}  {sign + duration(abs(difference)):>8}"


def _cell(stage: StageRecord | None) -> str:
    """Write what became of a stage, and how long that took."""
    if stage is None:
        return "-"
    if stage.began is None:
        return stage.status
    return duration(stage.seconds) if stage.status == "ran" else f"{stage.status} {duration(stage.seconds)}"
