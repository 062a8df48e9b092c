from pathlib import Path

import pytest

from pivot.cli.setting import overrides_of
from pivot.cli.targets import Targets
from pivot.registry.errors import DefinitionError


@pytest.fixture
def read(make_stage, by_ref, tmp_path: Path):
    stages = by_ref([make_stage(name) for name in ("a:clean", "b:clean", "b:train@us", "b:train@gb", "b:fit.all")])
    near = [ref for ref in stages if ref.pipeline == "b"]

    def overrides(*settings: str) -> dict[str, dict[str, str]]:
        found = overrides_of(settings, stages, Targets(stages, tmp_path, near))
        return {stage: {field: str(value) for field, value in fields.items()} for stage, fields in found.items()}

    return overrides


def test_a_stage_is_named_as_on_the_command_line(read) -> None:
    assert read("clean.rate=0.2") == {"b:clean": {"rate": "0.2"}}
    assert read("a:clean.rate=0.2") == {"a:clean": {"rate": "0.2"}}


def test_several_settings_of_one_stage_are_joined_and_the_last_wins(read) -> None:
    assert read("clean.a=1", "clean.b=2", "clean.a=3") == {"b:clean": {"a": "3", "b": "2"}}


def test_a_name_without_variant_sets_all_variants(read) -> None:
    assert set(read("train.rate=1")) == {"b:train@us", "b:train@gb"}
    assert set(read("train@us.rate=1")) == {"b:train@us"}


def test_a_name_may_have_dots_and_a_value_equals_signs(read) -> None:
    assert read("fit.all.model.rate=a=b") == {"b:fit.all": {"model.rate": "a=b"}}


@pytest.mark.parametrize("text", ["clean", "clean.rate", "=1", "nosuch.rate=1"])
def test_what_cannot_be_understood_is_refused(read, text: str) -> None:
    with pytest.raises(DefinitionError):
        read(text)
