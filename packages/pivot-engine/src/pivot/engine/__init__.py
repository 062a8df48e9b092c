"""Run stages: graph, decisions, warm workers, state, events."""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pivot.engine.engine import Engine, StageStatus
from pivot.engine.events import (
    Event,
    Interrupted,
    ProcessLeft,
    RunFinished,
    RunStarted,
    Sink,
    StageFinished,
    StageRetried,
    StageStarted,
    StageWaiting,
)
from pivot.engine.run import RunResult
from pivot.engine.runner import Runners
from pivot.engine.wire import JsonLines, line_of, to_data
from pivot.executor.decide import Decision, Restore, Run, Skip
from pivot.executor.reasons import Kind, Reason
from pivot.executor.settings import EngineSettings, RunOptions
from pivot.executor.task import Done, Failure, Outcome
from pivot.executor.trace import Artifact, Facts, Seen
from pivot.registry.endings import Terminated

if TYPE_CHECKING:
    from pivot.engine.checkout import Checkout
    from pivot.engine.explain import Change, Explanation
    from pivot.executor.core import WorkerStageInfo, prepare_worker_info

__all__ = [
    "Artifact",
    "Change",
    "Checkout",
    "Decision",
    "Done",
    "Engine",
    "EngineSettings",
    "Event",
    "Explanation",
    "Facts",
    "Failure",
    "Interrupted",
    "JsonLines",
    "Kind",
    "Outcome",
    "ProcessLeft",
    "Reason",
    "Restore",
    "Run",
    "RunFinished",
    "RunOptions",
    "RunResult",
    "RunStarted",
    "Runners",
    "Seen",
    "Sink",
    "Skip",
    "StageFinished",
    "StageRetried",
    "StageStarted",
    "StageStatus",
    "StageWaiting",
    "Terminated",
    "WorkerStageInfo",
    "line_of",
    "prepare_worker_info",
    "to_data",
]


# What an up-to-date run does not need is imported when it is asked for.
_HOMES: Mapping[str, str] = {
    "Change": "pivot.engine.explain",
    "Checkout": "pivot.engine.checkout",
    "Explanation": "pivot.engine.explain",
    "WorkerStageInfo": "pivot.executor.core",
    "prepare_worker_info": "pivot.executor.core",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
