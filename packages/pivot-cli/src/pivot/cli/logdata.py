"""What happened in runs, as JSON values with stable names."""

from collections.abc import Iterable
from typing import Any

from pivot.engine.analysis import Compared, critical_path, totals
from pivot.engine.records import RunRecord, StageRecord
from pivot.engine.wire import utc


def runs_data(runs: Iterable[RunRecord]) -> list[dict[str, Any]]:
    """Give a list of runs as JSON values."""
    return [_run_data(run) for run in runs]


def run_data(run: RunRecord) -> dict[str, Any]:
    """Give one run in full as JSON values, with stable names."""
    spent = totals(run)
    return {
        **_run_data(run),
        "busy": round(spent.busy, 4),
        "cpu": round(spent.cpu, 4),
        "memory": spent.memory,
        "stages": [_stage_data(stage) for stage in run.stages.values()],
        "critical_path": [
            {"pipeline": step.stage.ref.pipeline, "stage": step.stage.ref.stage, "waited": round(step.waited, 4)}
            for step in critical_path(run)
        ],
    }


def _run_data(run: RunRecord) -> dict[str, Any]:
    return {
        "run": run.id,
        "state": str(run.state),
        "time": utc(run.time),
        "seconds": run.seconds,
        "counts": dict(run.counts),
        "failed": list(map(str, run.failed)),
        "command": run.command,
        "options": dict(run.options),
        "version": run.version,
        "jobs": run.jobs,
        "pipelines": list(run.pipelines),
    }


def compared_data(rows: Iterable[Compared]) -> list[dict[str, Any]]:
    """Give the stages of two runs side by side."""
    return [
        {
            "pipeline": row.ref.pipeline,
            "stage": row.ref.stage,
            "change": str(row.change),
            "difference": round(row.difference, 4),
            "before": None if row.before is None else _stage_data(row.before),
            "now": None if row.now is None else _stage_data(row.now),
        }
        for row in rows
    ]


def _stage_data(stage: StageRecord) -> dict[str, Any]:
    """Give what became of a stage as JSON values."""
    data = stage._asdict()
    del data["ref"]
    after = None if stage.after is None else str(stage.after)
    return {"pipeline": stage.ref.pipeline, "stage": stage.ref.stage, **data, "after": after}
