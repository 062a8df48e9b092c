"""What stages ask of a run, and how much of it there is."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from pivot.executor.machine import usable_memory
from pivot.executor.settings import EngineSettings, RunOptions
from pivot.registry.amounts import spelled_amount, told_amount
from pivot.registry.definition import StageDefinition
from pivot.registry.errors import DefinitionError
from pivot.registry.layout import CONFIG_NAME, PIVOT_DIR
from pivot.registry.types import StageRef


def retries_of(stage: StageDefinition, options: RunOptions, settings: EngineSettings) -> int:
    """Tell how many times more a stage is tried: what it says itself, else the command line, else the settings."""
    said = (stage.retries, options.retries, settings.retries)
    return next((count for count in said if count is not None), 0)


def timeout_of(stage: StageDefinition, options: RunOptions, settings: EngineSettings) -> float | None:
    """Tell how many seconds a stage may take, in the same order; None: any number."""
    for seconds in (stage.timeout, options.timeout, settings.timeout):
        if seconds is not None:
            return seconds or None
    return None


def seconds_of_all(refs: Iterable[StageRef], took: Callable[[StageRef], float | None]) -> dict[StageRef, float]:
    """Guess how long each stage will take: as last time; of those that never ran here, as long as the median."""
    seconds = {ref: took(ref) for ref in refs}
    known = sorted(value for value in seconds.values() if value is not None)
    usual = known[len(known) // 2] if known else 1.0
    return {ref: usual if value is None else value for ref, value in seconds.items()}


_SHORT = 0.1
"""Seconds for which nobody minds that a stage which is more urgent has to wait."""


class Pace:
    """Tells which stages will take only a moment: as long as last time, or as the last few of this run."""

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=8)

    def note(self, seconds: float) -> None:
        """Note how long a stage ran."""
        self._last.append(seconds)

    def is_short(self, took: float | None) -> bool:
        """Tell it of a stage that took so many seconds when it last ran here; None: it never did."""
        return (max(self._last, default=math.inf) if took is None else took) < _SHORT


def check_resources(stages: Iterable[StageDefinition], totals: Mapping[str, float]) -> dict[str, float]:
    """Give how much there is of all that these stages need.

    An amount that nobody has named is an error, not a limit of none: whoever writes `gpu: 1` wants two such stages
    kept apart, and Snakemake's way, to run them all at once where no total is given, shows only when memory runs out.

    Raises:
        DefinitionError: there is less of it than one stage needs, or nothing says how much there is.
    """
    totals = dict(totals)
    for stage in stages:
        for name, amount in stage.resources.items():
            if name == "memory" and name not in totals:
                totals[name] = usable_memory()
            if amount > totals.get(name, -1.0):
                raise _too_much(stage, name, amount, totals.get(name))
    return totals


def _too_much(stage: StageDefinition, name: str, amount: float, total: float | None) -> DefinitionError:
    wanted, spelled = told_amount(name, amount), spelled_amount(name, amount)
    if total is None:
        what = f"stage {stage.ref} needs {wanted}, and nothing says how much of it there is"
        hint = f"Say it in {PIVOT_DIR}/{CONFIG_NAME} (run: {{resources: {{{name}: {spelled}}}}})"
    else:
        what = f"stage {stage.ref} needs {wanted}, and there is {told_amount(name, total)} for all stages together"
        hint = f"Let it need less, or raise run.resources.{name} in {PIVOT_DIR}/{CONFIG_NAME}"
    return DefinitionError(what, where=stage.place, hint=f"{hint}; once: pivot run --resource {name}={spelled}.")
