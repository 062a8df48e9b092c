"""What journals say of a run and its stages, as data.

A journal may be torn (the run was killed, the disk was full) or of another version: what cannot be understood in it is
passed over.
"""

import calendar
import enum
import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from pivot.registry.types import PipelineName, StageName, StageRef


class RunState(enum.StrEnum):
    """How a run ended, or that it has not."""

    OK = "ok"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    KILLED = "killed"
    """Its journal ends without saying how."""
    RUNNING = "running"


class StageRecord(NamedTuple):
    """What became of one stage in one run. Offsets are seconds since the run began."""

    ref: StageRef
    status: str
    """An `Outcome`; or `running`, or `killed` with the run."""
    seconds: float = 0.0
    began: float | None = None
    """None: it was not tried."""
    ended: float | None = None
    cpu: float | None = None
    memory: int | None = None
    worker: int | None = None
    after: StageRef | None = None
    """Of the stages that it needs, the one that was done last."""
    reasons: tuple[str, ...] = ()
    failure: str = ""
    traceback: str = ""
    """Of the user's code, if that is what failed."""
    unchanged: bool = False
    attempts: int = 1
    """How many times it was tried."""


class RunRecord(NamedTuple):
    """One run."""

    id: str
    state: RunState
    time: float
    """When it began: wall clock, seconds since the epoch."""
    seconds: float = 0.0
    counts: Mapping[str, int] = {}
    failed: tuple[StageRef, ...] = ()
    command: str = ""
    options: Mapping[str, Any] = {}
    version: str = ""
    jobs: int | None = None
    pipelines: tuple[str, ...] = ()
    stages: Mapping[StageRef, StageRecord] = {}
    """Those that were not up to date, in the order in which they were started. A `glance` may leave them out."""


def record_of(run_id: str, events: Iterable[Mapping[str, Any]], *, going_on: bool) -> RunRecord:
    """Put a run together from its events, of which some may be lost."""
    return _Reading(run_id, events).record(going_on=going_on)


class _Reading:
    """One run, put together from its events."""

    def __init__(self, run_id: str, events: Iterable[Mapping[str, Any]]) -> None:
        self._run = RunRecord(run_id, RunState.KILLED, _named_time(run_id))
        self._ended = False
        self._latest = 0.0
        self._stages: dict[StageRef, StageRecord] = {}
        for event in events:
            with suppress(KeyError, TypeError, ValueError, AttributeError):
                self._take(event)

    def _take(self, event: Mapping[str, Any]) -> None:
        self._latest = max(self._latest, float(event.get("at", 0.0)))
        match event.get("event"):
            case "run_started":
                self._run = _begun(self._run, event)
            case "stage_started":
                ref = _ref_in(event)
                self._stages[ref] = StageRecord(ref, "", began=float(event["at"]), after=_after(event))
            case "stage_finished":
                ref = _ref_in(event)
                self._stages[ref] = _finished(self._stages.get(ref) or StageRecord(ref, ""), event)
            case "interrupted":
                self._run = self._run._replace(state=RunState.INTERRUPTED)
            case "run_finished":
                self._run = _ended(self._run, event)
                self._ended = True

    def record(self, *, going_on: bool) -> RunRecord:
        """Give what is known by now."""
        in_order = sorted(self._stages.values(), key=lambda stage: math.inf if stage.began is None else stage.began)
        stages = {stage.ref: self._settled(stage, going_on) for stage in in_order}
        if self._ended:
            return self._run._replace(stages=stages)
        state = RunState.RUNNING if going_on else self._run.state
        return self._run._replace(
            state=state,
            seconds=max(self._latest, time.time() - self._run.time) if going_on else self._latest,
            counts=Counter(stage.status for stage in stages.values()),
            failed=tuple(stage.ref for stage in stages.values() if stage.status == "failed"),
            stages=stages,
        )

    def _settled(self, stage: StageRecord, going_on: bool) -> StageRecord:
        """Say of a stage whose end is not told that it runs, or was killed."""
        if stage.status:
            return stage
        if going_on:
            return stage._replace(status="running")
        return stage._replace(status="killed", ended=self._latest, seconds=self._latest - (stage.began or 0.0))


def _begun(run: RunRecord, event: Mapping[str, Any]) -> RunRecord:
    return run._replace(
        time=_read_time(event["time"]),
        command=str(event["command"]),
        options=dict(event["options"]),
        version=str(event["version"]),
        jobs=None if event["jobs"] is None else int(event["jobs"]),
        pipelines=tuple(map(str, event["pipelines"])),
    )


def _ended(run: RunRecord, event: Mapping[str, Any]) -> RunRecord:
    counts = {str(word): int(number) for word, number in event["counts"].items()}
    ended = RunState.FAILED if counts.get("failed") else RunState.OK
    return run._replace(
        state=RunState.INTERRUPTED if event.get("interrupted") else ended,
        seconds=float(event["seconds"]),
        counts=counts,
        failed=tuple(map(_ref, event.get("failed", ()))),
    )


def _finished(started: StageRecord, event: Mapping[str, Any]) -> StageRecord:
    began, cpu, memory, worker = (event.get(name) for name in ("began", "cpu", "memory", "worker"))
    failure = event.get("failure") or {}
    return started._replace(
        status=str(event["status"]),
        seconds=float(event["seconds"]),
        began=started.began if began is None else float(began),
        ended=float(event.get("at", 0.0)),
        cpu=None if cpu is None else float(cpu),
        memory=None if memory is None else int(memory),
        worker=None if worker is None else int(worker),
        reasons=tuple(str(reason["text"]) for reason in event.get("reasons", ())),
        failure=str(failure.get("message", "")),
        traceback=str(failure.get("traceback", "")),
        unchanged=bool(event.get("unchanged")),
        attempts=int(event.get("attempts", 1)),
    )


def _ref_in(event: Mapping[str, Any]) -> StageRef:
    return StageRef(PipelineName(str(event["pipeline"])), StageName(str(event["stage"])))


def _after(event: Mapping[str, Any]) -> StageRef | None:
    return None if event.get("after") is None else _ref(event["after"])


def _ref(text: str) -> StageRef:
    """Read `pipeline:stage`."""
    pipeline, _, stage = text.rpartition(":")
    return StageRef(PipelineName(pipeline), StageName(stage))


def _read_time(written: str) -> float:
    """Read what `wire.utc` wrote."""
    whole, _, rest = written.partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float(f"0.{rest.removesuffix('Z')}")


def _named_time(run_id: str) -> float:
    """Read the time off the name of a run, to the second."""
    with suppress(ValueError):
        return float(calendar.timegm(time.strptime(run_id[:15], "%Y%m%dT%H%M%S")))
    return 0.0
