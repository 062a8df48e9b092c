"""What can be read off the record of a run: what determined its length, and how it differs from another one."""

import enum
from collections.abc import Iterable
from typing import NamedTuple

from pivot.engine.records import RunRecord, StageRecord
from pivot.registry.types import StageRef

WORKED = frozenset({"ran", "restored", "failed", "killed", "running"})
"""What became of stages that took time."""
NOTICED = 0.1
"""Share by which a stage must be slower or faster to be called so."""
NOTICED_SECONDS = 0.05


class Step(NamedTuple):
    """One stage of the critical path."""

    stage: StageRecord
    waited: float
    """Seconds between the end of what it needed and its own beginning: for a worker, or for pivot."""


def worked(run: RunRecord) -> list[StageRecord]:
    """Give the stages that took time, the slowest first."""
    return sorted((each for each in run.stages.values() if each.status in WORKED), key=lambda each: -each.seconds)


def critical_path(run: RunRecord) -> list[Step]:
    """Give the chain of stages that determined how long the run took, in the order in which they ran.

    It begins at the end: the stage that was done last, what it needed that was done last, and so on. Each record
    names its predecessor, so that the graph of that day is not needed.
    """
    ended = [stage for stage in run.stages.values() if stage.ended is not None and stage.began is not None]
    stage = max(ended, key=lambda each: (each.ended, each.ref), default=None)
    path: list[Step] = []
    while stage is not None and all(stage is not step.stage for step in path):
        before = run.stages.get(stage.after) if stage.after is not None else None
        ready = before.ended or 0.0 if before is not None else 0.0
        path.append(Step(stage, max(0.0, (stage.began or 0.0) - ready)))
        stage = before
    return path[::-1]


class Totals(NamedTuple):
    """What a run took in all."""

    busy: float
    """Seconds of all stages together."""
    cpu: float
    memory: int | None
    """The most that one stage held."""
    hungriest: StageRef | None
    """The stage that did."""


def totals(run: RunRecord) -> Totals:
    """Add up what the stages took."""
    stages = worked(run)
    known = [(stage.memory, stage.ref) for stage in stages if stage.memory is not None]
    memory, hungriest = max(known, default=(None, None))
    cpu = sum(stage.cpu for stage in stages if stage.cpu is not None)
    return Totals(sum(stage.seconds for stage in stages), cpu, memory, hungriest)


class Change(enum.StrEnum):
    """How a stage of the second run differs from the same stage of the first."""

    SLOWER = "slower"
    FASTER = "faster"
    SAME = "same"
    STATUS = "status"
    """Other things became of it: it was restored and not run, say."""
    NEW = "new"
    """Only the second run has it: it was up to date in the first, or not asked for."""
    ABSENT = "not run"
    """Only the first run has it."""


class Compared(NamedTuple):
    """One stage in two runs."""

    ref: StageRef
    before: StageRecord | None
    now: StageRecord | None
    change: Change

    @property
    def difference(self) -> float:
        """Seconds by which it took longer in the second run."""
        return (self.now.seconds if self.now else 0.0) - (self.before.seconds if self.before else 0.0)


def compare(before: RunRecord, now: RunRecord) -> list[Compared]:
    """Match the stages of two runs, those that differ most first."""
    refs: Iterable[StageRef] = {**before.stages, **now.stages}
    pairs = [(ref, before.stages.get(ref), now.stages.get(ref)) for ref in refs]
    return sorted((Compared(*pair, _change(*pair[1:])) for pair in pairs), key=lambda each: -abs(each.difference))


def _change(before: StageRecord | None, now: StageRecord | None) -> Change:
    if before is None or now is None:
        return Change.NEW if before is None else Change.ABSENT
    if before.status != now.status:
        return Change.STATUS
    difference = now.seconds - before.seconds
    if abs(difference) <= max(NOTICED_SECONDS, NOTICED * before.seconds):
        return Change.SAME
    return Change.SLOWER if difference > 0 else Change.FASTER
