"""What goes to a worker and what comes back: small, picklable, whole."""

import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from pivot.executor.reasons import Reason
from pivot.executor.settings import EngineSettings
from pivot.executor.trace import Artifact, Seen, Trace
from pivot.executor.usage import Usage
from pivot.registry import marks
from pivot.registry.definition import StageDefinition
from pivot.registry.types import PipelineName, StageRef

if TYPE_CHECKING:
    from pivot.executor.core import WorkerStageInfo


class TaskOptions(NamedTuple):
    """What is the same for every task of a run. Sent to each worker once."""

    settings: EngineSettings
    run_id: str
    no_cache: bool = False
    no_commit: bool = False
    outputs: frozenset[str] = frozenset()
    """Every declared output of the project, project-relative: a listing of a directory does not count them."""
    code_files: Mapping[PipelineName, Mapping[str, marks.Seen]] = {}
    """What the stages' code was identified from, as it was then."""


class StageTask(NamedTuple):
    """One stage to bring up to date."""

    stage: StageDefinition
    manifest: Mapping[str, str] = {}
    """Qualified name -> hash, to be recorded if the stage runs."""
    code: Mapping[str, str] = {}
    """What code that earlier runs were seen to use is now."""
    force: bool = False
    info: "WorkerStageInfo | None" = None
    """The stage itself, when it lives in the coordinator's process only."""
    timeout: float | None = None
    """Seconds after which it is to be ended, as the stage, the run or the settings say; None: never."""
    reads: tuple[str, ...] = ()
    """Of each stage that it needs, the output that stands for all (see `pathlocks`); relative to the project."""
    attempt: int = 1
    """Which try in this run this is."""


class Outcome(enum.StrEnum):
    """What became of a stage."""

    SKIPPED = "skipped"
    RESTORED = "restored"
    RAN = "ran"
    FAILED = "failed"
    BLOCKED = "blocked"
    """Not tried: what it needs failed."""
    CANCELLED = "cancelled"


class Cause(enum.Enum):
    """What failed."""

    STAGE = enum.auto()
    """The stage itself: another try may go better."""
    AROUND = enum.auto()
    """What it needs, or what keeps its results."""
    LOCK = enum.auto()
    """Another process held a lock for too long."""


class Failure(NamedTuple):
    """Why a stage failed, for people."""

    message: str
    """One line."""
    traceback: str = ""
    """The user's own frames."""
    log: str = ""
    """Where the stage's output is."""
    cause: Cause = Cause.STAGE


class Found(NamedTuple):
    """Of the trace of a stage, what its task does not say."""

    outs: Mapping[str, Artifact]
    code: str
    """Other than the task says if it was edited during the run."""
    deps: Mapping[str, Artifact | None]
    observed: Seen


def found_in(trace: Trace) -> Found:
    """Give what a report says of a trace: the rest would take longer to send than all that is new."""
    return Found(trace.outs, trace.facts.code, trace.facts.deps, trace.facts.observed)


class Done(NamedTuple):
    """What a worker reports."""

    ref: StageRef
    outcome: Outcome
    seconds: float = 0.0
    reasons: tuple[Reason, ...] = ()
    found: Found | None = None
    """None: nothing came of it."""
    failure: Failure | None = None
    undeclared: tuple[str, ...] = ()
    """Project files that the stage read without declaring them."""
    usage: Usage | None = None
    """None: nothing ran, or the worker died."""
    attempts: int = 1
    """How many times it was tried."""
    unchanged: bool = False
    """It ran, and made the very bytes that its last run had made."""
    asked: tuple[str, ...] = ()
    """Of a stage that failed: files and directories that it read or looked for without declaring them."""
    edited: bool = False
    """Of a stage that failed: its code was edited meanwhile. Nobody knows which it ran, or could not load."""


class Given(NamedTuple):
    """What a worker that was started has from the system, and one that was forked has to be told."""

    path: tuple[str, ...]
    """Where to import from."""
    environ: Mapping[str, str]


class Hello(NamedTuple):
    """What a worker is told first."""

    options: TaskOptions
    coordinator: int
    """Its process: a worker lives no longer."""
    argv: tuple[str, ...]
    invented: frozenset[str] = frozenset()
    """Environment variables that only workers have: nothing is to depend on them."""
    given: Given | None = None


class Waits(NamedTuple):
    """A worker's message before its report: another process holds the stage's lock, or uses a path."""

    ref: StageRef
    owner: int | None
    """Its number."""
    path: str = ""
    """Relative to the project; empty: the stage itself."""


class Asks(NamedTuple):
    """A worker's message before its report: what is this code now? The answer, a mapping, is its next message."""

    names: tuple[str, ...]


class Ended(NamedTuple):
    """A worker's report: what became of its stage."""

    report: Done | Failure
    goes_on: bool = False
    """It has begun the task that it was given ahead."""
    leaves: bool = False
    """It is its last: a stage did what cannot be undone, and no other is to run there."""


class Begins(NamedTuple):
    """A worker's message before its report, where a stage may take only so long: now the stage's function begins."""

    ref: StageRef


CLOSED = 91
"""Exit code of a worker that cannot report because its stage closed the pipes."""
