"""Run stages: graph, decisions, warm workers, state, events."""

from typing import TYPE_CHECKING, Any

from pivot.engine.checkout import Checkout
from pivot.engine.decide import Decision, Restore, Run, Skip
from pivot.engine.engine import Engine, StageStatus
from pivot.engine.events import (
    Event,
    Interrupted,
    JsonLines,
    RunFinished,
    RunStarted,
    Sink,
    StageFinished,
    StageStarted,
    StageWaiting,
    to_data,
)
from pivot.engine.explain import Change, Explanation
from pivot.engine.interrupts import Terminated
from pivot.engine.reasons import Kind, Reason
from pivot.engine.run import RunResult
from pivot.engine.settings import EngineSettings, RunOptions
from pivot.executor.task import Done, Failure, Outcome

if TYPE_CHECKING:
    from pivot.executor.core import WorkerStageInfo, prepare_worker_info

__all__ = [
    "Change",
    "Checkout",
    "Decision",
    "Done",
    "Engine",
    "EngineSettings",
    "Event",
    "Explanation",
    "Failure",
    "Interrupted",
    "JsonLines",
    "Kind",
    "Outcome",
    "Reason",
    "Restore",
    "Run",
    "RunFinished",
    "RunOptions",
    "RunResult",
    "RunStarted",
    "Sink",
    "Skip",
    "StageFinished",
    "StageStarted",
    "StageStatus",
    "StageWaiting",
    "Terminated",
    "WorkerStageInfo",
    "prepare_worker_info",
    "to_data",
]


def __getattr__(name: str) -> Any:
    """Import what only workers need when it is asked for: an up-to-date run loads no loader."""
    if name in {"WorkerStageInfo", "prepare_worker_info"}:
        from pivot.executor import core

        return getattr(core, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
