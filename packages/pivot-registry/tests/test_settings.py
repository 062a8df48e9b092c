"""`--set stage.field=value`."""

import pytest

from pivot.registry.errors import DefinitionError
from pivot.registry.settings import parse_setting

STAGES = ["train", "train.v2", "train@a=1", "model:train"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("train.rate=0.2", ("train", "rate", "0.2")),
        ("train.optimizer.decay=1", ("train", "optimizer.decay", "1")),
        ("train.v2.rate=3", ("train.v2", "rate", "3")),
        ("train@a=1.rate=3", ("train@a=1", "rate", "3")),
        ("model:train.rate=3", ("model:train", "rate", "3")),
        ("train.label=a=b", ("train", "label", "a=b")),
        ("train.label=", ("train", "label", "")),
    ],
)
def test_a_setting_is_a_stage_a_field_and_text(text: str, expected: tuple[str, str, str]) -> None:
    assert tuple(parse_setting(text, STAGES)) == expected


@pytest.mark.parametrize("text", ["", "train", "train=3", "train.rate", ".rate=3", "train.=3"])
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(DefinitionError, match="cannot understand --set") as caught:
        parse_setting(text, STAGES)
    assert caught.value.hint == "Write --set stage.field=value."


def test_an_unknown_stage_is_refused_with_a_suggestion() -> None:
    with pytest.raises(DefinitionError, match="there is no stage trian") as caught:
        parse_setting("trian.rate=1", STAGES)
    assert caught.value.hint == "Did you mean train?"
