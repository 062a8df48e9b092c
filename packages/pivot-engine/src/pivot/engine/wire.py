"""Events as lines of JSON, with stable names: what `run --json` streams and what a journal keeps."""

import json
import os
import sys
import time
from typing import Any, TextIO

from pivot.engine.events import (
    Event,
    Interrupted,
    ProcessLeft,
    RunFinished,
    RunStarted,
    StageFinished,
    StageRetried,
    StageStarted,
    StageWaiting,
)
from pivot.executor.reasons import Kind
from pivot.executor.task import Done, Outcome
from pivot.registry.types import StageRef

_A_SECOND = 10_000
"""Seconds are told to the tenth of a millisecond."""
MOST_REASONS = 20
"""So many reasons of a stage are told; of the others only how many there are."""


def to_data(event: Event) -> dict[str, Any]:
    """Give an event as JSON values, with stable names."""
    match event:
        case StageFinished(done, at, began):
            return _done({"event": "stage_finished", **_stage(done.ref), "at": _told(at)}, done, began)
        case StageRetried(done, attempt, tries, at, began):
            data = {"event": "stage_retried", **_stage(done.ref), "at": _told(at)}
            return _done({**data, "attempt": attempt, "tries": tries}, done, began)
        case StageStarted():
            return _started(event)
        case StageWaiting(ref, owner, at, path):
            data = {"event": "stage_waiting", **_stage(ref), "at": _told(at), "owner": owner}
            return {**data, "path": path} if path else data
        case ProcessLeft(ref, command, pid, at):
            whose = {} if ref is None else _stage(ref)
            return {"event": "process_left", **whose, "at": _told(at), "command": command, "pid": pid}
        case Interrupted(running, at):
            return {"event": "interrupted", "at": _told(at), "running": [str(ref) for ref in running]}
        case RunStarted():
            return _run_started(event)
        case RunFinished():
            return _run_finished(event)


def _started(event: StageStarted) -> dict[str, Any]:
    data = {"event": "stage_started", **_stage(event.ref), "at": _told(event.at), "slot": event.slot}
    if event.after is not None:
        data["after"] = str(event.after)
    if event.attempt > 1:
        data["attempt"] = event.attempt
    return data


def _run_started(event: RunStarted) -> dict[str, Any]:
    return {
        "event": "run_started",
        "run": event.run_id,
        "time": utc(event.time),
        "version": installed_version(),
        "command": event.command,
        "options": dict(event.options),
        "pipelines": list(event.pipelines),
        "stages": event.stages,
        "jobs": event.jobs,
        "pid": os.getpid(),
    }


def _run_finished(event: RunFinished) -> dict[str, Any]:
    data: dict[str, Any] = {
        "event": "run_finished",
        "run": event.run_id,
        "counts": {str(outcome): count for outcome, count in event.counts.items()},
        "seconds": _told(event.seconds),
        "interrupted": event.interrupted,
    }
    if event.failed:
        data["failed"] = [str(ref) for ref in event.failed]
    return data


def _told(seconds: float) -> float:
    return round(seconds * _A_SECOND) / _A_SECOND  # to ask `round` for places takes ten times as long


def _stage(ref: StageRef) -> dict[str, str]:
    return {"pipeline": ref.pipeline, "stage": ref.stage}


def _done(data: dict[str, Any], done: Done, began: float | None) -> dict[str, Any]:
    """Add how a try ended."""
    data["status"] = str(done.outcome)
    data["seconds"] = _told(done.seconds)
    if began is not None:
        data["began"] = _told(began)
    if (usage := done.usage) is not None:
        data["worker"], data["cpu"], data["memory"] = usage.worker, _told(usage.cpu), usage.memory
    if (cache := _cache(done)) is not None:
        data["cache"] = cache
    if done.attempts > 1:
        data["attempts"] = done.attempts
    if done.unchanged:
        data["unchanged"] = True
    data["reasons"] = [reason.to_data() for reason in done.reasons[:MOST_REASONS]]
    if len(done.reasons) > MOST_REASONS:
        data["more_reasons"] = len(done.reasons) - MOST_REASONS
    if done.undeclared:
        data["undeclared"] = list(done.undeclared)
    if done.failure is not None:
        message, traceback, log, _ = done.failure
        data["failure"] = {"message": message, "traceback": traceback, "log": log}
    return data


def _cache(done: Done) -> str | None:
    """Say what the run cache had; None: nobody asked it, or nothing came of the stage."""
    if done.outcome is Outcome.RESTORED:
        return "hit"
    forced = Kind.FORCED in [reason.kind for reason in done.reasons]
    return "miss" if done.outcome is Outcome.RAN and not forced else None


def utc(seconds: float) -> str:
    """Write a time of the wall clock as ISO 8601 in UTC, with milliseconds."""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{int(seconds * 1000) % 1000:03}Z"


def installed_version() -> str:
    """Read pivot's version off the name under which it is installed; empty if it is not.

    `importlib.metadata` would take 27 ms of the processor, as much as running a small stage.
    """
    for directory in sys.path:
        try:
            names = os.listdir(directory or ".")
        except OSError:
            continue
        for name in names:
            if name.startswith("pivot_engine-") and name.endswith(".dist-info"):
                return name.removeprefix("pivot_engine-").removesuffix(".dist-info")
    return ""


_encode = json.JSONEncoder(ensure_ascii=False, default=str, check_circular=False).encode


def line_of(event: Event) -> str:
    """Write an event as one line of JSON."""
    return _encode(to_data(event)) + "\n"


class JsonLines:
    """Writes each event as one line of JSON."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def emit(self, event: Event) -> None:
        """Write the line at once: a reader may be waiting for it."""
        self._stream.write(line_of(event))
        self._stream.flush()
