"""A run for a viewer of traces: the format of Chrome, which ui.perfetto.dev opens.

Trace Event Format: complete events (`X`) with microseconds, one thread for each worker, metadata (`M`) with its name.
"""

from collections.abc import Iterator
from typing import Any

from pivot.engine.records import RunRecord, StageRecord

_PROCESS = 1


def timeline(run: RunRecord) -> dict[str, Any]:
    """Give the trace of a run, as JSON values."""
    stages = [stage for stage in run.stages.values() if stage.began is not None]
    lanes = _lanes(stages)
    return {
        "displayTimeUnit": "ms",
        "otherData": {"run": run.id, "command": run.command, "version": run.version, "state": str(run.state)},
        "traceEvents": [*_names(run, lanes), *_slices(run, stages, lanes)],
    }


def _lanes(stages: list[StageRecord]) -> dict[object, int]:
    """Number the workers. A stage that was never reported has a lane of its own: nobody knows which worker had it."""
    lanes: dict[object, int] = {}
    for stage in stages:
        lanes.setdefault(_lane(stage), len(lanes) + 1)
    return lanes


def _lane(stage: StageRecord) -> object:
    return stage.ref if stage.worker is None else stage.worker


def _names(run: RunRecord, lanes: dict[object, int]) -> Iterator[dict[str, Any]]:
    yield _meta("process_name", 0, f"pivot run {run.id}")
    for lane, number in lanes.items():
        name = f"worker {lane}" if isinstance(lane, int) else "never reported"
        yield _meta("thread_name", number, name)


def _meta(kind: str, thread: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "pid": _PROCESS, "tid": thread, "name": kind, "args": {"name": name}}


def _slices(run: RunRecord, stages: list[StageRecord], lanes: dict[object, int]) -> Iterator[dict[str, Any]]:
    """Give the slices, none of which begins before the one before it in its lane has ended.

    Journals round, and a viewer takes a slice that reaches into the next for one around it.
    """
    free: dict[int, int] = {}
    for stage in stages:
        lane, began = lanes[_lane(stage)], stage.began or 0.0
        seconds = stage.seconds if stage.status != "running" else run.seconds - began
        begins = max(_microseconds(began), free.get(lane, 0))
        free[lane] = max(_microseconds(began + seconds), begins)
        yield _slice(stage, lane, begins, free[lane] - begins)


def _slice(stage: StageRecord, lane: int, begins: int, takes: int) -> dict[str, Any]:
    return {
        "ph": "X",
        "pid": _PROCESS,
        "tid": lane,
        "name": str(stage.ref),
        "cat": stage.status,
        "ts": begins,
        "dur": takes,
        "args": {
            "status": stage.status,
            "reasons": list(stage.reasons),
            "after": None if stage.after is None else str(stage.after),
            "cpu seconds": stage.cpu,
            "peak memory bytes": stage.memory,
            "failure": stage.failure,
        },
    }


def _microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)
