"""Lock files that say what they should not: they are never believed, and nothing is written where they say."""

import json
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from faults_world import World, inline, world

Change = Callable[[str], str]


@pytest.fixture(scope="module")
def built() -> Iterator[World]:
    """A project that is up to date; each test leaves it so."""
    with world() as made:
        assert made.recover() == []
        yield made


def edited(change: Callable[[dict[str, Any]], object]) -> Change:
    """Change what a lock file says, and leave it good JSON."""

    def apply(text: str) -> str:
        document = json.loads(text)
        change(document)
        return json.dumps(document)

    return apply


def put(section: str, value: Any) -> Change:
    """Replace a section."""
    return edited(lambda document: document.update({section: value}))


def put_out(path: str, value: Any = None) -> Change:
    """Let a lock file claim one more output, with content that the store has."""
    return edited(lambda lock: lock["outs"].update({path: lock["outs"]["head.txt"] if value is None else value}))


GOOD = "b3:" + "0" * 64
CHANGES: dict[str, Change] = {
    "conflict": lambda text: f"<<<<<<< ours\n{text}=======\n{text}>>>>>>> theirs\n",
    "a newer schema": put("schema", 99),
    "no schema": edited(lambda lock: lock.pop("schema")),
    "deps as text": put("deps", "in.txt"),
    "outs as a list": put("outs", ["head.txt"]),
    "params as a number": put("params", 3),
    "code as a number": put("code", 3),
    "observed as a list": put("observed", []),
    "a size as text": put("outs", {"head.txt": [GOOD, "12"]}),
    "a negative size": put("outs", {"head.txt": [GOOD, -1]}),
    "a size that is true": put("outs", {"head.txt": [GOOD, True]}),
    "a digest that is short": put("outs", {"head.txt": ["b3:00", 1]}),
    "a digest in capitals": put("outs", {"head.txt": ["b3:" + "A" * 64, 1]}),
    "a digest that is a path": put("outs", {"head.txt": ["b3:../../../../../../" + "0" * 46, 1]}),
    "a digest that nobody has": put("outs", {"head.txt": [GOOD, 1]}),
    "a million brackets": lambda _: "[" * 1_000_000,
    "a number of a million digits": lambda text: text.replace("1", "1" * 1_000_000, 1),
    "no text": lambda _: "",
    "a torn one": lambda _: "{",
    "null": lambda _: "null",
    "a list": lambda _: "[]",
    **{f"an output at {path!r}": put_out(path) for path in ("../outside", "/proc/outside", "a/../../outside", "", "~")},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_lock_file_that_cannot_be_right_means_stale_and_is_told(built: World, name: str) -> None:
    lock = built.root / ".pivot/stages/head.lock"
    lock.write_text(CHANGES[name](lock.read_text()))
    before = {path: path.stat().st_mtime_ns for path in built.top.iterdir() if path != built.root}
    told = built.pivot("status", "--all", first=inline)
    assert told.code == 0, told.err
    assert "head" in told.out + told.err
    assert built.recover() == []
    after = {path: path.stat().st_mtime_ns for path in built.top.iterdir() if path != built.root}
    assert after.keys() == before.keys() | {built.top / name for name in ("out", "err")}


def test_a_lock_file_of_another_stage_is_not_taken_for_ones_own(built: World) -> None:
    stages = built.root / ".pivot/stages"
    shutil.copy(stages / "length.lock", stages / "head.lock")
    assert "head" in built.pivot("status", "--all").out
    assert built.recover() == []


def test_what_a_lock_file_is_edited_to_name_is_put_in_place_and_made_right_by_the_next_change(built: World) -> None:
    other = json.loads((built.root / ".pivot/stages/length.lock").read_text())["outs"]["length.json"]
    lock = built.root / ".pivot/stages/head.lock"
    lock.write_text(put("outs", {"head.txt": other})(lock.read_text()))
    assert built.pivot("checkout").code == 0
    # Lock files are reviewed as code is: what one names is data of this project.
    assert (built.root / "head.txt").read_text() == (built.root / "length.json").read_text()
    built.give(built.facts._replace(text="after the edit"))
    assert built.recover() == []
