"""Finding runs, and reading what their journals tell; also of those that are torn."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from engine_fakes import ref

from pivot.engine.events import RunStarted
from pivot.engine.history import KeptRun, find_run, glance, kept_runs, read_run
from pivot.engine.journal import Journal
from pivot.engine.records import RunState
from pivot.registry.errors import DefinitionError
from pivot.registry.types import StateDir

RUN = "20260101T101500-0000000"

BEGUN = {
    "event": "run_started",
    "run": RUN,
    "time": "2026-01-01T10:15:00.250Z",
    "version": "0.1.0",
    "command": "pivot run",
    "options": {"force": True},
    "pipelines": ["a", "b"],
    "stages": 3,
    "jobs": 2,
}
START = {"event": "stage_started", "pipeline": "a", "stage": "one", "at": 0.5, "slot": 0}
END = {
    "event": "stage_finished",
    "pipeline": "a",
    "stage": "one",
    "at": 1.5,
    "status": "ran",
    "seconds": 0.75,
    "began": 0.7,
    "worker": 7,
    "cpu": 0.5,
    "memory": 1024,
    "reasons": [{"text": "never ran"}],
}
NEXT = {"event": "stage_started", "pipeline": "b", "stage": "two", "at": 1.6, "slot": 0, "after": "a:one"}
FAILED = {
    "event": "stage_finished",
    "pipeline": "b",
    "stage": "two",
    "at": 2.0,
    "status": "failed",
    "seconds": 0.3,
    "reasons": [],
    "failure": {"message": "no rows", "traceback": "in f\nno rows", "log": ""},
}
BLOCKED = {**FAILED, "stage": "three", "status": "blocked", "seconds": 0.0, "failure": None}
ENDED = {
    "event": "run_finished",
    "run": RUN,
    "counts": {"ran": 1, "failed": 1, "blocked": 1},
    "seconds": 2.5,
    "interrupted": False,
    "failed": ["b:two"],
}


def write(state_dir: Path, events: Sequence[Any], run: str = RUN) -> Path:
    """Write a journal; a string is written as it is."""
    path = state_dir / "runs" / f"{run}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(event if isinstance(event, str) else json.dumps(event) + "\n" for event in events))
    return path


def only(tmp_path: Path) -> KeptRun:
    (run,) = kept_runs([tmp_path / "a", tmp_path / "b"])
    return run


def test_a_run_is_put_together_from_the_journals_of_all_its_pipelines(tmp_path: Path) -> None:
    write(tmp_path / "a", [BEGUN, START, END, ENDED])
    write(tmp_path / "b", [BEGUN, NEXT, FAILED, BLOCKED, ENDED])
    record = read_run(only(tmp_path))
    assert (record.id, record.state, record.time) == (RUN, RunState.FAILED, 1767262500.25)
    assert (record.command, record.options, record.version, record.jobs) == ("pivot run", {"force": True}, "0.1.0", 2)
    assert (record.seconds, record.counts, record.failed) == (2.5, ENDED["counts"], (ref("b:two"),))
    assert list(record.stages) == [ref("a:one"), ref("b:two"), ref("b:three")]
    one, two, three = record.stages.values()
    assert one._asdict() == {
        "ref": ref("a:one"),
        "status": "ran",
        "seconds": 0.75,
        "began": 0.7,
        "ended": 1.5,
        "cpu": 0.5,
        "memory": 1024,
        "worker": 7,
        "after": None,
        "reasons": ("never ran",),
        "failure": "",
        "traceback": "",
        "unchanged": False,
        "attempts": 1,
    }
    assert (two.began, two.after, two.failure) == (1.6, ref("a:one"), "no rows")
    assert two.traceback == "in f\nno rows"
    assert (three.status, three.began) == ("blocked", None)


def test_a_glance_is_the_same_without_the_stages(tmp_path: Path) -> None:
    write(tmp_path / "a", [BEGUN, START, END, ENDED])
    whole = read_run(only(tmp_path))
    assert glance(only(tmp_path)) == whole._replace(stages={})


def test_a_run_whose_journal_just_ends_was_killed(tmp_path: Path) -> None:
    write(tmp_path / "a", [BEGUN, START, END])
    write(tmp_path / "b", [BEGUN, NEXT, '{"event": "stage_fin'])
    for record in (read_run(only(tmp_path)), glance(only(tmp_path))):
        assert record.state is RunState.KILLED
        assert record.counts == {"ran": 1, "killed": 1}
        assert record.seconds == 1.6
        assert record.stages[ref("b:two")].status == "killed"


def test_a_run_that_was_interrupted_says_so_however_it_ended(tmp_path: Path) -> None:
    told = {"event": "interrupted", "at": 3.0, "running": ["a:one"]}
    write(tmp_path / "a", [BEGUN, START, told])
    assert read_run(only(tmp_path)).state is RunState.INTERRUPTED
    write(tmp_path / "a", [BEGUN, START, told, END, {**ENDED, "interrupted": True}])
    assert read_run(only(tmp_path)).state is RunState.INTERRUPTED


def test_a_run_that_still_goes_on_has_stages_that_run(tmp_path: Path) -> None:
    journal = Journal(StateDir(tmp_path / "a"), RunStarted(RUN, 1))
    journal.write(json.dumps(START) + "\n")
    for record in (read_run(only(tmp_path)), glance(only(tmp_path))):
        assert record.state is RunState.RUNNING
        assert record.stages[ref("a:one")].status == "running"
        assert record.counts == {"running": 1}
    journal.close()
    assert read_run(only(tmp_path)).state is RunState.KILLED


def test_a_stage_whose_end_was_lost_was_killed(tmp_path: Path) -> None:
    write(tmp_path / "a", [BEGUN, START, ENDED])
    assert read_run(only(tmp_path)).stages[ref("a:one")].status == "killed"


@pytest.mark.parametrize(
    "torn",
    [
        "",
        "\n\n",
        "not json\n",
        "[1, 2]\n",
        '{"event": "stage_started"}\n',
        '{"event": "stage_finished", "pipeline": "a", "stage": "x", "status": "ran", "seconds": "long"}\n',
        '{"event": "of a later version", "at": 0.1}\n',
        '{"event": "run_finished", "counts": 3, "seconds": 1}\n',
        '{"at": null}\n',
        "\x00\x00\n",
    ],
)
def test_a_line_that_cannot_be_understood_is_passed_over(tmp_path: Path, torn: str) -> None:
    write(tmp_path / "a", [torn, BEGUN, START, torn, END, ENDED, torn])
    record = read_run(only(tmp_path))
    assert record.state is RunState.FAILED
    assert record.stages[ref("a:one")].seconds == 0.75
    assert glance(only(tmp_path)).id == RUN


def test_a_journal_without_a_beginning_has_its_time_in_its_name(tmp_path: Path) -> None:
    write(tmp_path / "a", [START, END, ENDED])
    assert read_run(only(tmp_path)).time == 1767262500.0


def test_an_empty_journal_is_of_a_run_that_was_killed(tmp_path: Path) -> None:
    write(tmp_path / "a", [])
    assert glance(only(tmp_path)).state is RunState.KILLED


def test_a_journal_that_goes_away_meanwhile_tells_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a", [BEGUN, ENDED])
    run = only(tmp_path)
    path.unlink()
    assert read_run(run).stages == {}
    assert glance(run).state is RunState.KILLED


@pytest.fixture
def runs(tmp_path: Path) -> list[KeptRun]:
    for number, ending in enumerate(("111aaaa", "222bbbb", "222cccc")):
        write(tmp_path / "a", [BEGUN], f"2026010{number + 1}T000000-{ending}")
    return kept_runs([tmp_path / "a"])


@pytest.mark.parametrize(
    ("word", "index"),
    [
        ("last", -1),
        ("last~0", -1),
        ("last~2", 0),
        ("20260102", 1),
        ("20260103T000000-222cccc", 2),
        ("111", 0),
        ("222b", 1),
    ],
)
def test_a_run_can_be_named_by_its_place_or_a_beginning(runs: list[KeptRun], word: str, index: int) -> None:
    assert find_run(runs, word) is runs[index]


@pytest.mark.parametrize(
    ("word", "what"),
    [
        ("last~3", "only 3 kept"),
        ("last~x", "there is no run"),
        ("lasting", "there is no run"),
        ("", "there is no run"),
        ("2026", "the beginning of 3 runs"),
        ("222", "the beginning of 2 runs"),
        ("zzz", "there is no run"),
    ],
)
def test_a_word_that_names_no_run_or_several_is_refused(runs: list[KeptRun], word: str, what: str) -> None:
    with pytest.raises(DefinitionError, match=what) as error:
        find_run(runs, word)
    assert error.value.hint


def test_where_nothing_ran_there_is_no_last_run() -> None:
    with pytest.raises(DefinitionError, match="none kept"):
        find_run([], "last")
