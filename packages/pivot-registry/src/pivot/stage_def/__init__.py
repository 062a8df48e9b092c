"""Parameters of stages."""

from pivot.stage_def.params import StageParams

__all__ = ["StageParams"]
