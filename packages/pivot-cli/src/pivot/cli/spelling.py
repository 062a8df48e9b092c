"""How a stage is written for people: the shortest way that names only this one."""

from collections import Counter
from collections.abc import Iterable

from pivot.registry.types import StageRef


class Spelling:
    """Writes `train`, or `model:train` where two pipelines have a `train`."""

    def __init__(self, refs: Iterable[StageRef]) -> None:
        self._owners = Counter(stage for _, stage in set(refs))

    def __call__(self, ref: StageRef) -> str:
        return ref.stage if self._owners[ref.stage] <= 1 else str(ref)
