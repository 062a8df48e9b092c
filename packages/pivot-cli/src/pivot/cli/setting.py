"""`--set stage.key=value`: which stages get which parameters, this once."""

from collections.abc import Iterable, Mapping
from typing import Any

from pivot.cli.targets import Targets
from pivot.registry.types import StageRef

Overrides = Mapping[str, Mapping[str, Any]]
"""`pipeline:stage` -> field -> value."""


def overrides_of(settings: Iterable[str], stages: Iterable[StageRef], targets: Targets) -> Overrides:
    """Read what `--set` says. A stage is named as on the command line: `train` may mean all its variants.

    Raises:
        DefinitionError: no such stage, or not of the form `stage.key=value`.
    """
    from pivot.registry.settings import parse_setting

    names = {name for ref in stages for name in _names(ref)}
    overrides: dict[str, dict[str, Any]] = {}
    for text in settings:
        setting = parse_setting(text, names)
        for ref in targets.find([setting.stage]):
            overrides.setdefault(str(ref), {})[setting.field] = setting.value
    return overrides


def _names(ref: StageRef) -> tuple[str, ...]:
    whole = ref.stage, str(ref)
    return (*whole, *(name.partition("@")[0] for name in whole))
