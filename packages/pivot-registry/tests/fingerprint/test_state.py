"""What counts as a change of the state that a process keeps."""

import functools
import sys
import types
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pivot.fingerprint.state import changed, state_of


@functools.lru_cache
def cached(argument: int = 0) -> int:
    return argument


def closing() -> Callable[[], None]:
    kept: list[int] = []
    return lambda: kept.append(1)


def with_default(kept: list[int] = []) -> None:  # noqa: B006
    kept.append(1)


def with_attribute() -> None:
    with_attribute.kept = 1  # type: ignore[attr-defined]


class WithClassAttribute:
    value: int | None = None

    @functools.cached_property
    def rows(self) -> list[int]:
        return [1]

    @classmethod
    @functools.lru_cache
    def cached(cls) -> int:
        return 1


@pytest.fixture
def home() -> Iterator[types.ModuleType]:
    module = types.ModuleType("kept_home")
    sys.modules["kept_home"] = module
    yield module
    del sys.modules["kept_home"]


def filled(home: types.ModuleType, value: Any, fill: Callable[[Any], object]) -> dict[str, bool]:
    home.value = value  # type: ignore[attr-defined]
    before = state_of(["kept_home.value"])
    assert changed(before, state_of(["kept_home.value"])) == {}
    fill(home.value)
    found = changed(before, state_of(["kept_home.value"]))
    assert changed(before, state_of(["kept_home.value"], before)) == found
    return found


@pytest.mark.parametrize(
    ("value", "fill"),
    [
        ({}, lambda value: value.update(key="text")),
        ({"key": 1}, lambda value: value.update(key="other")),
        ({"key": {}}, lambda value: value["key"].update(inner=1)),
        ([], lambda value: value.append(1)),
        (set(), lambda value: value.add(1)),
        (deque([1]), lambda value: value.append(1)),
        (types.SimpleNamespace(kept=None), lambda value: setattr(value, "kept", [1])),
        (WithClassAttribute(), lambda value: value.rows),
        (type("Made", (WithClassAttribute,), {}), lambda value: setattr(value, "value", 1)),
        (type("Made", (), {"value": []}), lambda value: value.value.append(1)),
    ],
)
def test_filled_containers_and_attributes_are_seen(home: types.ModuleType, value: Any, fill: Any) -> None:
    assert filled(home, value, fill) == {"kept_home.value": False}


@pytest.mark.parametrize("function", [cached, closing(), with_default, with_attribute])
def test_functions_that_keep_something_are_seen_and_known_as_such(home: types.ModuleType, function: Any) -> None:
    if function is cached:
        cached.cache_clear()
    assert filled(home, function, lambda value: value()) == {"kept_home.value": True}


def test_a_cached_method_of_a_class_is_seen(home: types.ModuleType) -> None:
    WithClassAttribute.__dict__["cached"].__func__.cache_clear()
    assert filled(home, WithClassAttribute, lambda value: value.cached()) == {"kept_home.value": False}


def test_a_call_that_finds_its_value_is_no_change(home: types.ModuleType) -> None:
    cached(7)
    assert filled(home, cached, lambda value: value(7)) == {}


def test_a_name_bound_anew_is_seen(home: types.ModuleType) -> None:
    assert filled(home, None, lambda _: setattr(home, "value", "text")) == {"kept_home.value": False}


@pytest.mark.parametrize("name", ["kept_home", "kept_late"])
def test_a_module_loaded_meanwhile_is_seen(home: types.ModuleType, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    names = ["kept_home.value", "kept_late.value"]
    home.value = [1]  # type: ignore[attr-defined]
    before = state_of(names)
    other = types.ModuleType(name)
    other.value = [1]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, name, other)
    assert changed(before, state_of(names, before)) == {f"{name}.value": False}


def test_names_that_are_no_binding_of_a_loaded_module_are_left_out(home: types.ModuleType) -> None:
    assert state_of(["package numpy 1.2", "kept_home.value", "nowhere.value", "kept_home (all)", ""]) == {}
