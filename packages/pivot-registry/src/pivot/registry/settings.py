"""`--set stage.field=value`."""

from collections.abc import Iterable
from typing import NamedTuple

from pivot.registry.errors import DefinitionError
from pivot.registry.params import Typed
from pivot.registry.suggest import hint_for


class Setting(NamedTuple):
    """One parameter, set on a command line."""

    stage: str
    """As it was spelled: `train`, or `model:train`."""
    field: str
    """`learning_rate`, or `optimizer.decay` for one of a nested model."""
    value: Typed


def parse_setting(text: str, stages: Iterable[str]) -> Setting:
    """Take `stage.field=value` apart. Names of stages may have dots and `=` too: the longest one that fits wins.

    Raises:
        DefinitionError: it is not of this form, or there is no such stage.
    """
    known = sorted(stages, key=len, reverse=True)
    for stage in known:
        field, equals, value = text.removeprefix(f"{stage}.").partition("=")
        if text.startswith(f"{stage}.") and equals and field.strip():
            return Setting(stage, field.strip(), Typed(value))
    left, equals, _ = text.partition("=")
    stage, dot, field = left.partition(".")
    if not (equals and dot and stage and field):
        raise DefinitionError(f"cannot understand --set {text}", hint="Write --set stage.field=value.")
    raise DefinitionError(f"--set {text}: there is no stage {stage}", hint=hint_for(stage, known, "stages"))
