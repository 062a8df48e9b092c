"""What stages ask of a run, and how much of it there is."""

from pivot.executor.settings import EngineSettings, RunOptions
from pivot.registry.definition import StageDefinition


def retries_of(stage: StageDefinition, options: RunOptions, settings: EngineSettings) -> int:
    """Tell how many times more a stage is tried: what it says itself, else the command line, else the settings."""
    said = (stage.retries, options.retries, settings.retries)
    return next((count for count in said if count is not None), 0)


def timeout_of(stage: StageDefinition, options: RunOptions, settings: EngineSettings) -> float | None:
    """Tell how many seconds a stage may take, in the same order; None: any number."""
    said = (stage.timeout, options.timeout, settings.timeout)
    return next((seconds for seconds in said if seconds is not None), None) or None
