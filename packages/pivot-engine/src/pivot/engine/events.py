"""What happens during a run, as data; sinks show it, journals keep it.

Offsets are seconds since the run began. The wall clock is read once, for `RunStarted`: it may jump.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from pivot.executor.task import Done, Outcome
from pivot.registry.types import PipelineName, StageRef


class RunStarted(NamedTuple):
    """A run begins; `stages` were selected."""

    run_id: str
    stages: int
    pipelines: tuple[PipelineName, ...] = ()
    """Those that the selected stages belong to."""
    jobs: int | None = None
    options: Mapping[str, Any] = {}
    """What it was asked for, other than the usual, by the names of `RunOptions`."""
    command: str = ""
    """How it was asked for on the command line."""
    time: float = 0.0
    """Wall clock, seconds since the epoch."""


class StageStarted(NamedTuple):
    """A stage is being restored or run. A stage that is up to date is not announced."""

    ref: StageRef
    at: float = 0.0
    slot: int = 0
    """The lowest number that no other running stage has."""
    after: StageRef | None = None
    """Of the stages that it needs, the one that was done last; None: none was restored or run in this run."""
    attempt: int = 1
    """Which try in this run this is; the first is 1."""


class StageRetried(NamedTuple):
    """A stage failed and will be tried again, when it is its turn."""

    done: Done
    """How this try ended."""
    attempt: int
    """Which try this was; the first is 1."""
    tries: int
    """How many there may be."""
    at: float = 0.0
    began: float | None = None
    """When a worker took it up; None: no worker did, or it died."""


class StageWaiting(NamedTuple):
    """Another process holds the stage's lock, or uses a file that it reads or writes."""

    ref: StageRef
    owner: int | None
    """Its process id."""
    at: float = 0.0
    path: str = ""
    """The file, relative to the project; empty: the other process runs the stage itself."""


class StageFinished(NamedTuple):
    """A stage is done, one way or another; also sent for those that were up to date."""

    done: Done
    at: float = 0.0
    began: float | None = None
    """When a worker took it up; None: no worker did, or it died."""


class ProcessLeft(NamedTuple):
    """A stage has started a process that still ran when the run was over; it was ended."""

    ref: StageRef | None
    """None: any stage of the run."""
    command: str
    pid: int
    at: float = 0.0


class Interrupted(NamedTuple):
    """The user asked to stop; these still run."""

    running: tuple[StageRef, ...]
    at: float = 0.0


class RunFinished(NamedTuple):
    """The run is over."""

    run_id: str
    counts: dict[Outcome, int]
    seconds: float
    interrupted: bool = False
    failed: tuple[StageRef, ...] = ()
    lost: str = ""
    """Why the journal of this run is not whole; empty if it is."""


Event = (
    RunStarted | StageStarted | StageWaiting | StageRetried | StageFinished | ProcessLeft | Interrupted | RunFinished
)


class Sink(Protocol):
    """Takes events in the order in which they happen."""

    def emit(self, event: Event) -> None: ...


class Fan:
    """Hands every event to several sinks."""

    def __init__(self, sinks: Iterable[Sink]) -> None:
        self._sinks = tuple(sinks)

    def emit(self, event: Event) -> None:
        """Hand it on, in order."""
        for sink in self._sinks:
            sink.emit(event)
