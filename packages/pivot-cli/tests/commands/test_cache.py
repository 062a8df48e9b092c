"""What `pivot cache gc` makes of the trash; the rest of `pivot cache` is tested from the outside."""

import json
import os
from pathlib import Path

import pytest


@pytest.fixture
def trash(ran: Path, pivot) -> Path:
    """What somebody wrote over an output a month ago."""
    (ran / "features/clean.json").write_text("mine")
    told = pivot("checkout").stderr
    (place,) = (ran / "features/.pivot/trash").glob("*/clean")
    assert f"is kept nowhere else, is now in features/.pivot/trash/{place.parent.name}\n" in told
    os.utime(place, (0, 0))
    return place


def test_a_run_says_where_that_is_which_somebody_wrote_over_an_output(ran: Path, pivot) -> None:
    (ran / "features/clean.json").write_text("mine")
    told = pivot("run", "--all").stderr.splitlines()
    (place,) = (ran / "features/.pivot/trash").iterdir()
    where = f"features/.pivot/trash/{place.name}"
    assert told[-2] == f"note: what lay in the place of outputs, and is kept nowhere else, is now in {where}"
    assert (place / "clean/clean.json").read_text() == "mine"
    assert "note:" not in pivot("run", "--all").stderr


def test_a_collection_lets_go_of_what_is_old_and_says_first_what_that_is(trash: Path, ran: Path, pivot) -> None:
    foreseen = pivot("cache", "gc", "-n").stdout
    assert "would remove 1 item, 4 B from the trash\n" in foreseen
    assert f"features/.pivot/trash/{trash.parent.name}/clean\n" in foreseen
    assert "1 item, 4 B that runs have replaced" in pivot("doctor").stdout
    assert "removed 1 item, 4 B from the trash\n" in pivot("cache", "gc").stdout
    assert list((ran / "features/.pivot/trash").iterdir()) == []
    assert "trash" not in pivot("cache", "gc").stdout + pivot("doctor").stdout


def test_what_was_replaced_lately_stays_unless_it_is_asked_for(trash: Path, pivot) -> None:
    os.utime(trash)
    told = pivot("cache", "gc").stdout
    assert "kept 1 item, 4 B in the trash, what was replaced lately and is nowhere else (--keep-trash)\n" in told
    assert json.loads(pivot("cache", "gc", "--json").stdout)["trash"] == {"removed": [], "kept": 1, "kept_bytes": 4}
    gone = json.loads(pivot("cache", "gc", "--keep-trash", "0", "--json").stdout)["trash"]["removed"]
    assert [(each["bytes"], Path(each["path"]).name) for each in gone] == [(4, "clean")]
    assert not trash.exists()


def test_only_some_of_much_is_listed(trash: Path, pivot) -> None:
    for number in range(21):
        (trash.parent / f"clean~{number}").mkdir()
        os.utime(trash.parent / f"clean~{number}", (0, number))
    assert "\n  and 2 younger ones (-v lists all)\n" in pivot("cache", "gc", "-n").stdout
    assert "clean~20\n" in pivot("cache", "gc", "-n", "-v").stdout
