"""Say what a run would do with each stage."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from pivot.cli.answer import answer
from pivot.cli.console import DIM, FRESH, RESTORED, STALE, Console
from pivot.cli.progress import first_of
from pivot.cli.text import count, duration, one_line
from pivot.engine import StageStatus
from pivot.registry.types import StageRef

_MARKS = {"run": STALE, "restore": RESTORED, "fresh": FRESH}


def tell_statuses(console: Console, name: Callable[[StageRef], str], found: Sequence[StageStatus]) -> None:
    """Write a line for each stage that is not up to date, and count the rest; with `-v`, all stages and reasons."""
    shown = [status for status in found if status.word != "fresh" or console.verbosity >= 1]
    width = max((len(name(status.ref)) for status in shown), default=0)
    for status in shown:
        for line in _lines(console, name(status.ref).ljust(width), status):
            console.data(line)
    console.say(_counted(found))


def _lines(console: Console, name: str, status: StageStatus) -> list[str]:
    out = console.out
    reasons = [str(reason) for reason in status.reasons]
    head = f"{out.mark(_MARKS[status.word])} {name}  {status.word:<7}"
    if console.verbosity < 1 or len(reasons) <= 1:
        return [f"{head}  {first_of(reasons)}".rstrip()]
    return [head.rstrip(), *(f"    {out.paint(one_line(reason), DIM)}" for reason in reasons)]


def _counted(found: Sequence[StageStatus]) -> str:
    counts = Counter(status.word for status in found)
    if not counts["run"] and not counts["restore"]:
        return f"Nothing to do: {count(len(found), 'stage')} up to date"
    words = (("run", "to run"), ("restore", "to restore"), ("fresh", "up to date"))
    told = ", ".join(f"{counts[word]} {said}" for word, said in words if counts[word])
    return told + _estimate([status.seconds for status in found if status.word == "run"])


def _estimate(took: Sequence[float | None]) -> str:
    """Say how long it will take, if that is known of every stage."""
    known = [seconds for seconds in took if seconds is not None]
    return f" (about {duration(sum(known))} of work)" if known and len(known) == len(took) else ""


def status_json(found: Sequence[StageStatus]) -> str:
    """Give the same as one JSON object."""
    return answer(stages=[_data(status) for status in found])


def _data(status: StageStatus) -> dict[str, Any]:
    return {
        "pipeline": status.ref.pipeline,
        "stage": status.ref.stage,
        "status": status.word,
        "reasons": [reason.to_data() for reason in status.reasons],
        "seconds": status.seconds,
    }
