"""Who inherits what was read to fill a cache."""

import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest

from pivot.executor.memory import Memory, joined
from pivot.executor.trace import Seen
from pivot.fingerprint.observed import Observed

CODE = {"kept_home.TABLE": "1", "kept_home.read": "2", "kept_home.first": "3"}
READ = Seen(files={"own.txt": "a", "table.txt": "b"}, environment={"LEVEL": "c"}, missing=("gone",))


class Recorded:
    """What a recording says of a stage that read two files, a variable and one path that nobody knows the user of."""

    def observed(self) -> Observed:
        return Observed()

    def users(self) -> dict[str, frozenset[str]]:
        shared = frozenset(["kept_home.read", "kept_home.first"])
        return {
            "own.txt": frozenset(["kept_home.first"]),
            "table.txt": shared,
            "LEVEL": shared,
            "gone": frozenset([""]),
        }


@pytest.fixture
def home() -> Iterator[Any]:
    module = types.ModuleType("kept_home")
    module.__dict__.update(TABLE={}, read=lambda: None, first=lambda: None)
    sys.modules["kept_home"] = module
    yield module
    del sys.modules["kept_home"]


def memory_of(*redefinitions: int) -> Memory:
    """Make one that is told these counts, look by look; else that nothing was redefined."""
    counts = iter(redefinitions)
    return Memory(lambda: next(counts, 0))


def filled_table(home: Any) -> Memory:
    memory = memory_of()
    before = memory.look(CODE)
    home.TABLE["all"] = 1
    recorded: Any = Recorded()
    memory.remember(before, CODE, recorded, lambda _: READ)
    return memory


def test_who_reaches_filled_state_inherits_what_common_functions_read(home: Any) -> None:
    second = {"kept_home.TABLE": "1", "kept_home.read": "2"}
    expected = Seen(files={"table.txt": "b"}, environment={"LEVEL": "c"}, missing=("gone",))
    assert filled_table(home).inherited(second, []) == expected


def test_what_is_declared_is_not_inherited(home: Any) -> None:
    second = {"kept_home.TABLE": "1", "kept_home.read": "2"}
    assert filled_table(home).inherited(second, ["table.txt", "gone"]) == Seen(environment={"LEVEL": "c"})


@pytest.mark.parametrize("code", [{"kept_home.read": "2"}, {"kept_home.TABLE": "other", "kept_home.read": "2"}])
def test_who_does_not_reach_it_inherits_nothing(home: Any, code: dict[str, str]) -> None:
    assert not filled_table(home).inherited(code, [])


def test_what_a_function_keeps_as_its_defaults_is_inherited(home: Any) -> None:
    memory, recorded = memory_of(0, 1), Recorded()
    before = memory.look(CODE)
    home.read.__defaults__ = (1,)
    memory.remember(before, CODE, recorded, lambda _: READ)  # type: ignore[arg-type]
    assert memory.inherited(CODE, []).files == {"table.txt": "b"}


def test_defaults_that_a_function_is_given_between_stages_are_noticed(home: Any) -> None:
    memory, recorded = memory_of(0, 0, 1, 1), Recorded()
    memory.remember(memory.look(CODE), CODE, recorded, lambda _: READ)  # type: ignore[arg-type]
    home.read.__defaults__ = ([],)
    before = memory.look(CODE)
    home.read.__defaults__[0].append(1)
    memory.remember(before, CODE, recorded, lambda _: READ)  # type: ignore[arg-type]
    assert memory.inherited(CODE, []).files == {"table.txt": "b"}


def test_nothing_is_remembered_of_a_stage_that_fills_nothing(home: Any) -> None:
    memory, recorded = memory_of(), Recorded()
    memory.remember(memory.look(CODE), CODE, recorded, lambda _: READ)  # type: ignore[arg-type]
    assert not memory.inherited(CODE, [])


def test_what_was_read_earlier_counts_as_it_was_then() -> None:
    now = Seen(files={"a": "new", "b": "1"}, environment={"X": "new"})
    then = Seen(files={"a": "old"}, environment={"X": "old"})
    assert joined(now, then) == Seen(files={"a": "old", "b": "1"}, environment={"X": "old"})
