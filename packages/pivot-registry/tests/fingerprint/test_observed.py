"""Observed facts as data, and what nobody declared or foresaw."""

import json

import pytest

from pivot.fingerprint.observed import (
    WHOLE_ENVIRONMENT,
    Declared,
    Observed,
    environment_hash,
    listing,
    unforeseen,
)

SEEN = Observed(
    files=("data/rows.csv", "q.sql"),
    directories=("data", "sql"),
    present=("data", "out", "out/plots", "sql"),
    missing=("data/extra.csv", "flag"),
    env={"RATE": "ab", "GONE": None},
    code=("helpers:load", "helpers:Table.read", "plugins.a:run.<locals>.inner"),
    modules=("plugins.b", "helpers"),
    spawned=("sort",),
    outside=("/srv/a.txt", "/srv/b/c.txt"),
)


def test_facts_survive_json():
    assert Observed.from_data(json.loads(json.dumps(SEEN.to_data()))) == SEEN


def test_nothing_observed_is_an_empty_object():
    assert Observed().to_data() == {}
    assert Observed.from_data({"later": 1}) == Observed()


def test_what_lies_at_or_below_a_declared_path_is_declared():
    declared = Declared(["data", "/srv/b"])
    names = ["data", "data/rows.csv", "sql", "q.sql", "/srv/a.txt", "/srv/b/c.txt"]
    assert [name for name in names if name not in declared] == ["sql", "q.sql", "/srv/a.txt"]


def test_directories_on_the_way_to_a_declared_path_lead_there():
    assert Declared(["out/plots/a.svg", "/srv/b"]).leading == {"out/plots", "out", ".", "/srv", "/"}


def test_a_name_that_begins_like_a_declared_path_is_not_below_it():
    assert "database.csv" not in Declared(["data"])


def test_code_that_the_text_shows_is_foreseen():
    known = ["helpers.load", "helpers.Table"]
    assert unforeseen(SEEN, known) == ("plugins.a:run", "plugins.b")
    assert unforeseen(SEEN, [*known, "plugins.a.run", "plugins.b.RATE"]) == ()


def test_a_variable_is_identified_without_telling_it():
    found = environment_hash("RATE", {"RATE": "0.1"})
    assert found == environment_hash("RATE", {"RATE": "0.1", "OTHER": "x"})
    assert found != environment_hash("RATE", {"RATE": "0.2"})
    assert found != environment_hash("PACE", {"PACE": "0.1"})
    assert environment_hash("RATE", {}) is None


@pytest.mark.parametrize("name", ["PWD", "SHLVL", "PIVOT_CACHE_DIR", "SSH_AUTH_SOCK", "PYTHONHASHSEED"])
def test_variables_of_the_session_do_not_count_in_the_whole_environment(name):
    assert environment_hash(WHOLE_ENVIRONMENT, {name: "1"}) == environment_hash(WHOLE_ENVIRONMENT, {})
    assert environment_hash(WHOLE_ENVIRONMENT, {name: "1", "RATE": "1"}) != environment_hash(WHOLE_ENVIRONMENT, {})


def test_a_listing_has_the_names_that_count(tmp_path):
    for name in ("b.txt", "a.txt", "out.json"):
        (tmp_path / name).touch()
    for name in ("__pycache__", ".pivot", "sub"):
        (tmp_path / name).mkdir()
    assert listing(tmp_path) == ("a.txt", "b.txt", "out.json", "sub/")
    assert listing(tmp_path, ["out.json", "sub"]) == ("a.txt", "b.txt")
    assert listing(tmp_path / "gone") is None
