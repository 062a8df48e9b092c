"""Values of parameters: made, overridden."""

from typing import Literal

import pytest
from pydantic import Field, computed_field, model_validator

from pivot.registry.errors import DefinitionError
from pivot.registry.params import Typed, make_params, with_overrides
from pivot.registry.recorded import params_data
from pivot.stage_def import StageParams


class Optimizer(StageParams):
    name: str = "adam"
    decay: float = 0.5


class Params(StageParams):
    rate: float = Field(0.1, alias="learning_rate")
    label: str = "x"
    optimizer: Optimizer = Optimizer()
    low: int = 0
    high: int = 10

    @model_validator(mode="after")
    def _ordered(self) -> "Params":
        if self.low > self.high:
            raise ValueError("low is above high")
        return self

    @computed_field
    def twice(self) -> float:
        return self.rate * 2


class First(StageParams):
    kind: Literal["first"] = "first"
    a: int = 1


class Second(StageParams):
    kind: Literal["second"] = "second"
    b: int = 1


class Free(StageParams):
    table: dict[int, str] = Field(default_factory=dict)
    names: dict[str, int] = Field(default_factory=dict)
    either: First | Second = First()
    maybe: Optimizer | None = Optimizer()


class Needy(StageParams):
    must: int


def test_a_field_is_set_and_the_others_stay() -> None:
    changed = with_overrides(Params(), {"rate": 0.2})
    assert changed == Params(rate=0.2)  # type: ignore[call-arg]


def test_a_field_of_a_nested_model_is_set_alone() -> None:
    for override in ({"optimizer.decay": 0.9}, {"optimizer": {"decay": 0.9}}):
        assert with_overrides(Params(), override).optimizer == Optimizer(decay=0.9)


def test_the_value_of_a_field_that_is_a_mapping_is_replaced_whole() -> None:
    before = Free(table={1: "a", 2: "b"})
    for value in ({1: "c"}, {"1": "c"}, Typed('{"1": "c"}')):
        assert with_overrides(before, {"table": value}).table == {1: "c"}


def test_one_key_of_a_mapping_can_be_set() -> None:
    assert with_overrides(Free(names={"a": 1, "b": 2}), {"names.a": 3}).names == {"a": 3, "b": 2}


def test_a_nested_model_may_become_one_of_another_class() -> None:
    changed = with_overrides(Free(), {"either": {"kind": "second", "b": 2}})
    assert changed.either == Second(b=2)
    assert with_overrides(changed, {"either.b": 3}).either == Second(b=3)


def test_recorded_values_make_the_same_parameters_on_top_of_any_others() -> None:
    for params in (Free(), Free(table={3: "x"}, names={"z": 1}, either=Second(b=5), maybe=None)):
        for before in (Free(), Free(table={1: "y"}, either=Second(), maybe=None)):
            assert with_overrides(before, params_data(params)) == params


def test_fields_that_depend_on_each_other_are_set_together() -> None:
    changed = with_overrides(Params(), {"low": 20, "high": 30})
    assert (changed.low, changed.high) == (20, 30)


def test_nothing_to_set_gives_the_same_parameters() -> None:
    params = Params()
    assert with_overrides(params, {}) is params


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [("rate", "0.2", 0.2), ("rate", "1e-3", 1e-3), ("label", "abc", "abc"), ("label", "123", "123"), ("label", "", "")],
)
def test_text_becomes_what_the_field_takes(field: str, text: str, value: object) -> None:
    assert getattr(with_overrides(Params(), {field: Typed(text)}), field) == value


def test_text_may_be_a_mapping_in_json() -> None:
    changed = with_overrides(Params(), {"optimizer": Typed('{"decay": 1}')})
    assert changed.optimizer == Optimizer(decay=1)


def test_the_class_makes_parameters_from_fields() -> None:
    assert make_params(Params, {"label": "y"}) == Params(label="y")


@pytest.mark.parametrize(
    ("overrides", "what", "hint"),
    [
        ({"rat": 1}, "Params has no field rat", "Did you mean rate?"),
        ({"optimizer.dekay": 1}, "Optimizer has no field dekay", "Did you mean decay?"),
        ({"rate.x": 1}, "rate: input should be a valid number", "Give a value"),
        ({"rate": "fast"}, "Params: rate: input should be a valid number", "Give a value"),
        ({"rate": Typed("fast")}, "Params: rate: input should be a valid number", "Give a value"),
        ({"low": 99}, "Params: value error, low is above high", "Give a value"),
    ],
)
def test_what_a_field_refuses_is_told_in_one_line(overrides: dict[str, object], what: str, hint: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        with_overrides(Params(), overrides, "params.yaml:1:1")
    assert what in caught.value.what
    assert "\n" not in caught.value.what
    assert hint in str(caught.value.hint)
    assert caught.value.where == "params.yaml:1:1"


def test_the_place_of_the_field_outdoes_that_of_all() -> None:
    with pytest.raises(DefinitionError) as caught:
        with_overrides(Params(), {"label": "y", "rate": "x"}, "params.yaml:1", {"rate": "params.yaml:3:5"})
    assert caught.value.where == "params.yaml:3:5"


def test_a_missing_field_is_named() -> None:
    with pytest.raises(DefinitionError, match="must: field required") as caught:
        make_params(Needy, {})
    assert caught.value.hint == "Give must a value, or a default."


def test_parameters_are_frozen_and_take_no_other_fields() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Params().low = 3  # type: ignore[misc]
    with pytest.raises(ValueError, match="Extra inputs"):
        Params(other=1)  # type: ignore[call-arg]
