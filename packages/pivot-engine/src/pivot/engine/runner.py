"""Where stages run: in warm worker processes (see `pivot.engine.pool`), or in this one."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

from pivot.engine.events import Event, StageStarted
from pivot.executor.observed import Identify
from pivot.executor.task import Done, StageTask, TaskOptions
from pivot.registry.types import StageRef


class Over(NamedTuple):
    """The end of a stage, and what has begun in its place: to be told in this order."""

    done: Done
    begun: tuple[StageStarted, ...] = ()
    """What its worker had ahead, if it has begun that."""


class Runner(Protocol):
    """Starts stages and hands back what became of them.

    It tells when one begins (`StageStarted`), but for what begins by itself, behind another: see `Over`.
    """

    def room(self, *, ahead: bool) -> int:
        """Count the stages that may be started now; `ahead`: also those that would begin when others are done."""
        ...

    def start(self, task: StageTask) -> None:
        """Begin a stage, now or when there is a place for it; returns at once, or when it is done."""
        ...

    def wait(self) -> Over:
        """Wait until a started stage is done."""
        ...

    def hold_back(self) -> None:
        """Let nothing begin that has not begun; may be called at any moment, as by a signal."""
        ...

    def take_back(self) -> list[StageRef]:
        """Name the started stages that have not begun: they will not, and `wait` does not give them."""
        ...

    def close(self) -> None:
        """Let go of everything, when all started stages are done."""
        ...

    def kill(self) -> None:
        """End what runs, now."""
        ...

    def hold(self) -> None:
        """Stop what runs, for a while; may be called at any moment, as by a signal."""
        ...

    def go_on(self) -> None:
        """Let it go on."""
        ...


Tell = Callable[[Event], None]
Runners = Callable[[TaskOptions, int, Tell, Identify], Runner]
"""Gives a run its runner, with so many jobs.

It tells what nobody else sees (`StageStarted`, `StageWaiting`, `ProcessLeft`), and asks for the identity of code that
stages have used.
"""


def started(task: StageTask) -> StageStarted:
    """Say that a stage begins."""
    return StageStarted(task.stage.ref, attempt=task.attempt)


class InlineRunner:
    """Runs one stage at a time in this process: for the few small stages that a pool would cost more than."""

    def __init__(self, run: Callable[[StageTask], Done], close: Callable[[], None], tell: Tell) -> None:
        self._run = run
        self._close = close
        self._tell = tell
        self._done: deque[Done] = deque()

    def room(self, *, ahead: bool) -> int:  # noqa: ARG002
        """One, when the last one was fetched."""
        return 0 if self._done else 1

    def start(self, task: StageTask) -> None:
        """Run it."""
        self._tell(started(task))
        self._done.append(self._run(task))

    def wait(self) -> Over:
        """Hand back the one that ran."""
        return Over(self._done.popleft())

    def hold_back(self) -> None:
        """All have begun."""

    def take_back(self) -> list[StageRef]:
        """None: all have begun."""
        return []

    def close(self) -> None:
        """Let go of what stages have left warm."""
        self._close()

    def kill(self) -> None:
        """Nothing runs: the interrupt that asks for it has already ended the stage."""

    def hold(self) -> None:
        """What stops this process stops the stage."""

    def go_on(self) -> None:
        """It does."""
