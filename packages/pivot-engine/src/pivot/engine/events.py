"""What happens during a run, as data; sinks show it, journals keep it."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TextIO

from pivot.executor.task import Done, Outcome
from pivot.registry.types import StageRef, StateDir


class RunStarted(NamedTuple):
    """A run begins; `stages` were selected."""

    run_id: str
    stages: int


class StageStarted(NamedTuple):
    """A stage is being restored or run. A stage that is up to date is not announced."""

    ref: StageRef


class StageWaiting(NamedTuple):
    """Another process holds the stage's lock."""

    ref: StageRef
    owner: int | None
    """Its process id."""


class StageFinished(NamedTuple):
    """A stage is done, one way or another; also sent for those that were up to date."""

    done: Done


class Interrupted(NamedTuple):
    """The user asked to stop; these still run."""

    running: tuple[StageRef, ...]


class RunFinished(NamedTuple):
    """The run is over."""

    run_id: str
    counts: dict[Outcome, int]
    seconds: float


Event = RunStarted | StageStarted | StageWaiting | StageFinished | Interrupted | RunFinished


class Sink(Protocol):
    """Takes events in the order in which they happen."""

    def emit(self, event: Event) -> None: ...


def to_data(event: Event) -> dict[str, Any]:
    """Give an event as JSON values, with stable names."""
    match event:
        case RunStarted(run_id, stages):
            return {"event": "run_started", "run": run_id, "stages": stages}
        case StageStarted(ref):
            return {"event": "stage_started", **_stage(ref)}
        case StageWaiting(ref, owner):
            return {"event": "stage_waiting", **_stage(ref), "owner": owner}
        case StageFinished(done):
            return {"event": "stage_finished", **_done(done)}
        case Interrupted(running):
            return {"event": "interrupted", "running": [str(ref) for ref in running]}
        case RunFinished(run_id, counts, seconds):
            counted = {str(outcome): count for outcome, count in counts.items()}
            return {"event": "run_finished", "run": run_id, "counts": counted, "seconds": round(seconds, 3)}


def _stage(ref: StageRef) -> dict[str, str]:
    return {"pipeline": ref.pipeline, "stage": ref.stage}


def _done(done: Done) -> dict[str, Any]:
    data = {
        **_stage(done.ref),
        "status": str(done.outcome),
        "seconds": round(done.seconds, 3),
        "reasons": [reason.to_data() for reason in done.reasons],
    }
    if done.undeclared:
        data["undeclared"] = list(done.undeclared)
    if done.failure is not None:
        data["failure"] = done.failure._asdict()
    return data


class JsonLines:
    """Writes each event as one line of JSON."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def emit(self, event: Event) -> None:
        """Write the line at once: a reader may be waiting for it."""
        self._stream.write(json.dumps(to_data(event), ensure_ascii=False) + "\n")
        self._stream.flush()


class Journal:
    """Keeps the events of one pipeline's part of a run in its state directory.

    Nothing is written before something happens: an up-to-date run leaves no file.
    """

    def __init__(self, pipeline: str, state_dir: StateDir, run_id: str) -> None:
        self._pipeline = pipeline
        self._path: Path = state_dir / "runs" / f"{run_id}.jsonl"
        self._file: TextIO | None = None

    def emit(self, event: Event) -> None:
        """Keep what concerns this pipeline."""
        if isinstance(event, StageFinished) and event.done.outcome is Outcome.SKIPPED:
            return
        mine = isinstance(event, StageStarted | StageFinished) and to_data(event)["pipeline"] == self._pipeline
        if mine or (self._file is not None and isinstance(event, RunFinished)):
            JsonLines(self._open()).emit(event)

    def _open(self) -> TextIO:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w", encoding="utf-8")
        return self._file

    def close(self) -> None:
        """End the journal."""
        if self._file is not None:
            self._file.close()


class Fan:
    """Hands every event to several sinks."""

    def __init__(self, sinks: Iterable[Sink]) -> None:
        self._sinks = tuple(sinks)

    def emit(self, event: Event) -> None:
        """Hand it on, in order."""
        for sink in self._sinks:
            sink.emit(event)
