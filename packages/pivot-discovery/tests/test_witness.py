"""Rules for what counts as unchanged."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from pivot.discovery.witness import Reading, UnsettledError, Witness, compare
from pivot.fingerprint.observed import environment_hash
from pivot.registry.marks import see

LATER = 10**20


def reading(environ: Mapping[str, str] | None = None) -> Reading:
    """Begin to read long after everything was written."""
    return Reading(environ or {}, LATER)


def changed(witness: Witness, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Compare after a trip through JSON."""
    again = Witness.from_data(json.loads(json.dumps(witness.to_data())))
    assert again == witness
    return compare(again, environ or {}, LATER).changed


def test_nothing_changed(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    taken = reading({"A": "1"})
    taken.file(str(tmp_path / "a"))
    taken.name(str(tmp_path / "b"))
    taken.directory(str(tmp_path))
    taken.variables(["A", "B"])
    assert changed(taken.witness(), {"A": "1"}) == ()


def test_a_changed_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    taken = reading()
    taken.file(str(tmp_path / "a"))
    (tmp_path / "a").write_text("y")
    assert changed(taken.witness()) == (str(tmp_path / "a"),)


def test_a_touched_file_is_hashed_once(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("x")
    taken = reading()
    taken.file(str(path))
    os.utime(path, ns=(5, 5))
    today = compare(taken.witness(), {}, LATER)
    assert today.changed == ()
    assert today.witness != taken.witness()
    assert compare(today.witness, {}, LATER).witness == today.witness


def test_a_file_that_was_not_there_counts_as_looked_for(tmp_path: Path) -> None:
    taken = reading()
    taken.file(str(tmp_path / "a"))
    witness = taken.witness()
    assert changed(witness) == ()
    (tmp_path / "a").write_text("")
    assert changed(witness) == (str(tmp_path),)


@pytest.mark.parametrize("before", ["nothing", "file", "directory"])
@pytest.mark.parametrize("after", ["nothing", "file", "directory"])
def test_a_name_that_was_looked_up_may_not_come_go_or_become_something_else(
    tmp_path: Path, before: str, after: str
) -> None:
    path = tmp_path / "a"
    make(path, before)
    taken = reading()
    taken.name(str(path))
    witness = taken.witness()
    remove(path)
    make(path, after)
    assert (changed(witness) == ()) == (before == after)


def make(path: Path, kind: str) -> None:
    if kind == "file":
        path.write_text("")
    elif kind == "directory":
        path.mkdir()


def remove(path: Path) -> None:
    if path.is_dir():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def test_other_names_in_the_same_directory_do_not_count(tmp_path: Path) -> None:
    taken = reading()
    taken.name(str(tmp_path / "a.py"))
    witness = taken.witness()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "out.txt").write_text("made by a stage")
    today = compare(witness, {}, LATER)
    assert today.changed == ()
    assert today.witness != witness  # the mark of the directory is a new one


def test_a_directory_that_did_not_exist_may_not_come_with_the_name(tmp_path: Path) -> None:
    taken = reading()
    taken.name(str(tmp_path / "lib" / "a.py"))
    witness = taken.witness()
    assert changed(witness) == ()
    (tmp_path / "lib").mkdir()
    assert changed(witness) == ()
    (tmp_path / "lib" / "a.py").write_text("")
    assert changed(witness) == (str(tmp_path / "lib"),)


def test_a_directory_that_was_listed_has_the_same_names(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    taken = reading()
    taken.directory(str(tmp_path))
    witness = taken.witness()
    (tmp_path / "a").write_text("other content")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / ".pivot").mkdir()
    assert changed(witness) == ()
    (tmp_path / "b").write_text("")
    assert changed(witness) == (str(tmp_path),)


def test_a_directory_that_was_not_there_counts_as_looked_for(tmp_path: Path) -> None:
    taken = reading()
    taken.directory(str(tmp_path / "a"))
    witness = taken.witness()
    (tmp_path / "a").mkdir()
    assert changed(witness) == (str(tmp_path),)


def test_a_tree_is_all_of_its_files_and_names(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_text("x")
    taken = reading()
    taken.tree(str(tmp_path / "a"))
    witness = taken.witness()
    assert changed(witness) == ()
    (tmp_path / "a" / "b" / "d").write_text("")
    assert changed(witness) == (str(tmp_path / "a" / "b"),)
    (tmp_path / "a" / "b" / "d").unlink()
    (tmp_path / "a" / "b" / "c").write_text("y")
    assert changed(witness) == (str(tmp_path / "a" / "b" / "c"),)


@pytest.mark.parametrize("environ", [{}, {"A": "2"}, {"A": ""}])
def test_a_variable_has_the_same_value(environ: dict[str, str]) -> None:
    taken = reading({"A": "1"})
    taken.variables(["A"])
    assert changed(taken.witness(), {"A": "1"}) == ()
    assert changed(taken.witness(), environ) == ("A",)


def test_a_variable_that_was_not_set_is_not_set() -> None:
    taken = reading()
    taken.variable("A", environment_hash("A", {}))
    assert changed(taken.witness()) == ()
    assert changed(taken.witness(), {"A": ""}) == ("A",)


def test_a_file_modified_while_things_were_read_makes_no_witness(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("x")
    taken = Reading({}, path.stat().st_mtime_ns)
    with pytest.raises(UnsettledError):
        taken.file(str(path))


def test_a_directory_modified_while_it_was_listed_makes_no_witness(tmp_path: Path) -> None:
    taken = Reading({}, tmp_path.stat().st_ctime_ns)
    with pytest.raises(UnsettledError):
        taken.directory(str(tmp_path))


def test_names_in_a_directory_that_is_being_modified_are_looked_up_again(tmp_path: Path) -> None:
    taken = Reading({}, tmp_path.stat().st_ctime_ns)
    taken.name(str(tmp_path / "a"))
    witness = taken.witness()
    looked = witness.looked[str(tmp_path)]
    assert not looked.settled
    assert compare(witness, {}, LATER).witness.looked[str(tmp_path)].settled


@pytest.mark.parametrize("data", [None, [], [1, 2, 3, 4], [{}, {}, {}], [{"a": [1]}, {}, {}, {}], {}])
def test_anything_else_is_no_witness(data: object) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        Witness.from_data(data)


def test_a_file_seen_already_is_not_read_again_while_its_stat_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("x")
    seen = see(str(path), LATER)
    assert seen is not None
    taken = Reading({}, LATER, {str(path): seen._replace(digest="not read again")})
    taken.file(str(path))
    assert taken.witness().files[str(path)].digest == "not read again"


@pytest.mark.parametrize("text", ["y", "longer", None])
def test_a_file_seen_already_that_is_not_the_same_any_more_makes_no_witness(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "a"
    path.write_text("x")
    seen = see(str(path), LATER)
    assert seen is not None
    path.unlink()
    if text is not None:
        (tmp_path / "new").write_text(text)
        (tmp_path / "new").rename(path)
    with pytest.raises(UnsettledError):
        Reading({}, LATER, {str(path): seen}).file(str(path))
