"""Rules for the local index of a pipeline."""

from pathlib import Path

import pytest

from pivot.engine.statedb import StateDb
from pivot.registry.types import StateDir


@pytest.fixture
def state_dir(tmp_path: Path) -> StateDir:
    return StateDir(tmp_path)


def test_tables_and_sources_are_there_for_the_next_one_who_opens_it(state_dir: StateDir) -> None:
    first = StateDb(state_dir)
    first.write({"took": {"train": 2.5}}, {"abc": "def f(): ...", "other": "K = 1"})
    first.close()
    second = StateDb(state_dir)
    assert second.read("took") == {"train": 2.5}
    assert second.sources(["abc", "nobody knows", "other"]) == {"abc": "def f(): ...", "other": "K = 1"}
    second.close()


def test_a_table_is_replaced_and_a_source_stays(state_dir: StateDir) -> None:
    db = StateDb(state_dir)
    db.write({"took": {"train": 2.5}}, {"abc": "x"})
    db.write({"took": {}}, {"abd": "y"})
    assert db.read("took") == {}
    assert db.sources(["abc", "abd"]) == {"abc": "x", "abd": "y"}
    db.close()


def test_any_text_is_a_hash_and_any_text_a_source(state_dir: StateDir) -> None:
    odd = {"": "empty", "not set": "", "x" * 5_000: "\udc80 é\x00"}
    db = StateDb(state_dir)
    db.write({}, odd)
    assert db.sources(odd) == odd
    db.close()


def test_what_was_never_written_is_empty(state_dir: StateDir) -> None:
    db = StateDb(state_dir)
    assert db.read("took") == {}
    assert db.sources(["abc"]) == {}
    db.close()
