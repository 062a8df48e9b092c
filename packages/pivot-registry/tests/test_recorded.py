"""Parameters as JSON values."""

import datetime
import enum
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import Field, SecretStr, computed_field, field_validator

from pivot.registry.errors import DefinitionError
from pivot.registry.params import with_overrides
from pivot.registry.recorded import params_data
from pivot.stage_def import StageParams


class Color(enum.Enum):
    RED = "red"


class Inner(StageParams):
    values: frozenset[str] = frozenset("cab")


class Rich(StageParams):
    kind: ClassVar[str] = "no field"
    big: int = 2**70
    minus: float = -0.0
    nan: float = math.nan
    infinite: tuple[float, ...] = (math.inf, -math.inf)
    day: datetime.date = datetime.date(2020, 1, 2)
    path: Path = Path("a/b")
    pair: tuple[int, str] = (1, "x")
    table: dict[int, Inner] = Field(default_factory=lambda: {1: Inner()})
    numbers: frozenset[int] = frozenset([3, 1, 2])
    color: Color = Color.RED
    raw: bytes = b"abc"
    nothing: int | None = None

    @computed_field
    def twice(self) -> int:
        return 2


def test_values_become_json_that_makes_them_again() -> None:
    data = params_data(Rich())
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    again, first = Rich.model_validate(data), Rich()
    assert math.isnan(again.nan)
    assert math.copysign(1, again.minus) == -1
    assert again.model_dump(exclude={"nan"}) == first.model_dump(exclude={"nan"})
    assert params_data(again) == data


def test_values_have_one_form() -> None:
    data = params_data(Rich())
    assert data["numbers"] == [1, 2, 3]
    assert data["table"] == {"1": {"values": ["a", "b", "c"]}}
    assert (data["nan"], data["infinite"]) == ("nan", ["inf", "-inf"])
    assert "twice" not in data


def test_the_form_does_not_depend_on_the_hash_seed() -> None:
    code = "import json, test_recorded as t; print(json.dumps(t.params_data(t.Rich())))"
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parent,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(texts) == 1


class Outer(StageParams):
    weights: dict[str, int] = Field(default_factory=dict)
    model: "Reordered" = Field(default_factory=lambda: Reordered())


class Reordered(StageParams):
    second: int = 2
    first: int = 1


def test_mappings_keep_their_order_and_the_fields_of_models_have_none() -> None:
    data = params_data(Outer(weights={"b": 1, "a": 2}))
    assert json.dumps(data) == '{"weights": {"b": 1, "a": 2}, "model": {"first": 1, "second": 2}}'


def test_no_parameters_are_no_values() -> None:
    assert params_data(None) == {}


class Secret(StageParams):
    token: SecretStr = SecretStr("x")


class Object(StageParams):
    anything: Any = object()


class Binary(StageParams):
    raw: bytes = b"\xff"


class Loose(StageParams):
    anything: Any = datetime.date(2020, 1, 1)


@pytest.mark.parametrize("params", [Secret(), Object(), Binary(), Loose()])
def test_what_does_not_survive_is_refused(params: StageParams) -> None:
    with pytest.raises(DefinitionError, match="cannot be written as JSON and read again") as caught:
        params_data(params, "pipeline.py:7")
    assert caught.value.where == "pipeline.py:7"


class Doubled(StageParams):
    rate: int = 1

    @field_validator("rate")
    @classmethod
    def double(cls, value: int) -> int:
        return value * 2


def test_what_a_validator_makes_is_recorded_even_if_it_would_make_more_of_it() -> None:
    assert params_data(Doubled(rate=3)) == {"rate": 6}


def test_fields_are_not_overridden_where_the_others_would_change_with_them() -> None:
    with pytest.raises(DefinitionError, match="changes its own results"):
        with_overrides(Doubled(rate=3), {"rate": 4})
