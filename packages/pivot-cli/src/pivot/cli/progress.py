"""Show a run: one line for each stage that ran, a count of the rest, failures last."""

import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pivot.cli.console import BOLD, CYAN, DIM, FAILED, HELD, RAN, RED, RESTORED, Console, Mark
from pivot.cli.text import count, duration, lines_of, one_line
from pivot.engine import (
    Done,
    Event,
    Interrupted,
    Outcome,
    ProcessLeft,
    RunFinished,
    RunResult,
    StageFinished,
    StageRetried,
    StageStarted,
    StageWaiting,
    line_of,
)
from pivot.registry.types import StageRef

if TYPE_CHECKING:
    from pivot.cli.live import Region

Name = Callable[[StageRef], str]

MARKS: dict[Outcome, Mark] = {
    Outcome.RAN: RAN,
    Outcome.RESTORED: RESTORED,
    Outcome.FAILED: FAILED,
    Outcome.BLOCKED: HELD,
    Outcome.CANCELLED: HELD,
}
_COUNTED = {
    "ran": "ran",
    "restored": "restored",
    "failed": "failed",
    "killed": "killed",
    "running": "running",
    "blocked": "blocked",
    "cancelled": "not started",
    "skipped": "up to date",
}
"""By `Outcome`, and what a journal says of stages whose end it does not tell."""
_UNTRIED = frozenset({Outcome.BLOCKED, Outcome.CANCELLED})


class Progress:
    """Tells a person on stderr what happens, as it happens.

    On a terminal the running stages are shown below the finished ones; that needs rich, which is imported when the
    first stage starts.
    """

    def __init__(self, console: Console, name: Name, width: int = 0) -> None:
        self._console = console
        self._name = name
        self._width = width
        self._region: Region | None = None

    def emit(self, event: Event) -> None:
        """Show one event."""
        match event:
            case StageStarted(ref):
                self._start(ref)
            case StageFinished(done):
                self._finish(done)
            case StageRetried(done, attempt, tries):
                self._retry(done, f"try {attempt} of {tries} failed")
            case StageWaiting(ref, owner, path=path):
                who = "another process" if owner is None else f"pid {owner}"
                what = f"which uses {one_line(path)}" if path else "which runs it"
                self._say(f"{self._name(ref)} is waiting for {who}, {what}")
            case ProcessLeft(ref, command, pid):
                whose = "a stage" if ref is None else self._name(ref)
                self._say(f"warning: {whose} left process {pid} ({one_line(command)}) running; it was ended")
            case Interrupted(running):
                names = ", ".join(map(self._name, running)) or "workers to end"
                self._say(f"interrupted: waiting for {names}; Ctrl-C again kills")
            case RunFinished(lost=lost):
                if lost:
                    self._say(f"note: the journal of this run is not whole: {one_line(lost)}")
                self.close()

    def _start(self, ref: StageRef) -> None:
        if self._console.err.terminal and self._console.verbosity >= 0:
            self._open_region().start(self._name(ref))
        elif self._console.verbosity > 0:
            self._console.say(f"  ... {self._name(ref)}", level=1)

    def _open_region(self) -> "Region":
        if self._region is None:
            from pivot.cli.live import Region, own_terminal

            self._region = Region(own_terminal(self._console.err))
        return self._region

    def _retry(self, done: Done, what: str) -> None:
        if self._region is not None:
            self._region.finish(self._name(done.ref))
        self._say(self._line(done, HELD, f"{what}: {_because(done)}"))

    def _finish(self, done: Done) -> None:
        if self._region is not None:
            self._region.finish(self._name(done.ref))
        if done.outcome in MARKS:
            self._say(self._line(done, MARKS[done.outcome], _because(done)), level=1 if done.outcome in _UNTRIED else 0)
        if done.undeclared:
            listed = ", ".join(map(one_line, done.undeclared[:3]))
            more = f" and {len(done.undeclared) - 3} more" if len(done.undeclared) > 3 else ""
            self._say(f"    note: it read {listed}{more} without declaring it")

    def _line(self, done: Done, mark: Mark, why: str) -> str:
        err = self._console.err
        name = self._name(done.ref).ljust(self._width)
        took = duration(done.seconds).rjust(6) if done.outcome in (Outcome.RAN, Outcome.FAILED) else " " * 6
        line = f"  {err.mark(mark)} {name} {err.paint(took, DIM)}  {why}"
        return line.rstrip()

    def _say(self, line: str, level: int = 0) -> None:
        """Write above the region, if there is one."""
        if self._region is None:
            self._console.say(line, level)
        elif self._console.verbosity >= level:
            self._region.say(line)

    def close(self) -> None:
        """Take the region off the screen."""
        if self._region is not None:
            self._region.close()
            self._region = None


def _because(done: Done) -> str:
    if done.failure is not None:
        return one_line(done.failure.message)
    if done.outcome in _UNTRIED:
        return _COUNTED[done.outcome]
    return first_of(map(str, done.reasons))


def first_of(reasons: Iterable[str]) -> str:
    """Give the first reason, and how many more there are."""
    told = list(reasons)
    more = f" (+{len(told) - 1} more)" if len(told) > 1 else ""
    return f"{one_line(told[0])}{more}" if told else ""


class EventLines:
    """Writes every event as a line of JSON on stdout.

    When stdout cannot take it any more, the run goes on: what is computed is worth more than its report. `error`
    says so afterwards.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self.error: OSError | None = None

    def emit(self, event: Event) -> None:
        """Write it at once: a reader may be waiting for it."""
        if self.error is None:
            try:
                self._console.data(line_of(event).rstrip("\n"))
                self._console.out.flush()
            except OSError as error:
                self.error = error


def conclude(console: Console, name: Name, result: RunResult, logs: str = "pivot logs") -> None:
    """Say what a run came to: first the counts, then each failure once more, where it is not overlooked.

    `logs` and the name of a stage are the command that shows what the stage wrote.
    """
    console.say(summary(result))
    for done in result.failures:
        _tell_failure(console, name(done.ref), done, logs)


def summary(result: RunResult) -> str:
    """Count the outcomes in one line."""
    counts = result.counts
    if set(counts) <= {Outcome.SKIPPED}:
        return f"Nothing to do: {count(sum(counts.values()), 'stage')} up to date ({duration(result.seconds)})"
    return f"{counted(counts)} ({duration(result.seconds)})"


def counted(counts: Mapping[Any, int], failed: str = "") -> str:
    """Write `3 ran, 1 failed`; the keys are outcomes, or as text. `failed` names those that did."""
    words = {**_COUNTED, "failed": f"failed ({failed})"} if failed else _COUNTED
    return ", ".join(f"{counts[outcome]} {word}" for outcome, word in words.items() if counts.get(outcome))


def _tell_failure(console: Console, name: str, done: Done, logs: str) -> None:
    failure = done.failure
    assert failure is not None, "a stage that failed says why"
    err = console.err
    console.say("", level=0)
    console.say(f"{err.paint('failed:', RED)} {err.paint(name, BOLD)}: {one_line(failure.message)}", level=-1)
    for line in lines_of(failure.traceback):
        console.say(f"  {line}")
    if failure.log:
        console.say(f"  {err.paint('log:', CYAN)} {one_line(logs)} {one_line(shlex.quote(name))}", level=-1)
