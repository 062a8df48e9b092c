"""Names that the packages share, each with a type of its own, so that one cannot be taken for another."""

from pathlib import Path
from typing import NamedTuple, NewType

PipelineName = NewType("PipelineName", str)
StageName = NewType("StageName", str)

StateDir = NewType("StateDir", Path)
"""The directory that holds one pipeline's own state; only `pivot.registry.layout.state_dir_of` makes one."""


class StageRef(NamedTuple):
    """Who a stage is: two pipelines may both have a `train`."""

    pipeline: PipelineName
    stage: StageName

    def __str__(self) -> str:
        return f"{self.pipeline}:{self.stage}"
