"""What stages wrote: found in the last run that called them, and followed while it grows."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from engine_fakes import stage
from test_history import BEGUN, END, ENDED, START, write

from pivot.engine.events import RunStarted
from pivot.engine.history import kept_runs
from pivot.engine.journal import Journal
from pivot.engine.logs import Ending, StageLog, find_log, follow, pieces
from pivot.executor.state import state_of
from pivot.registry.definition import StageDefinition

RUNS = ("20260101T000000-0000000", "20260102T000000-0000000", "20260103T000000-0000000")
RESTORED = {**END, "status": "restored"}


@pytest.fixture
def one(tmp_path: Path) -> StageDefinition:
    return stage("a:one", tmp_path)


Keep = Callable[..., None]


@pytest.fixture
def keep(one: StageDefinition) -> Keep:
    """Write the journal of a run in which the stage ended so, and its log."""

    def keep(run: str, end: dict[str, object], text: str = "") -> None:
        write(one.state_dir, [BEGUN, {**START, "stage": end["stage"]}, end, ENDED], run)
        if text:
            log = Path(state_of(one).log_path(run))
            log.parent.mkdir(parents=True)
            log.write_text(text)

    return keep


def text(log: StageLog) -> str:
    return b"".join(pieces(log.path)).decode()


def test_the_last_run_that_called_the_stage_is_found(one: StageDefinition, keep: Keep) -> None:
    keep(RUNS[0], END, "first")
    keep(RUNS[1], {**END, "status": "failed"}, "second")
    keep(RUNS[2], {**END, "stage": "other"}, "third")
    told = find_log(one)
    assert told.log is not None
    assert (told.log.run.id, told.log.stage.status, text(told.log)) == (RUNS[1], "failed", "second")
    assert told.restored is None


def test_a_stage_that_was_restored_since_shows_what_it_wrote_when_it_ran(one: StageDefinition, keep: Keep) -> None:
    keep(RUNS[0], END, "first")
    keep(RUNS[1], RESTORED)
    keep(RUNS[2], RESTORED)
    told = find_log(one)
    assert told.log is not None
    assert text(told.log) == "first"
    assert told.restored is not None
    assert told.restored.id == RUNS[2]


def test_a_stage_that_was_only_restored_has_no_log(one: StageDefinition, keep: Keep) -> None:
    keep(RUNS[0], RESTORED)
    told = find_log(one)
    assert told.log is None
    assert told.restored is not None
    assert find_log(one, []) == (None, None)


def test_a_stage_that_wrote_nothing_has_an_empty_log(one: StageDefinition, keep: Keep) -> None:
    keep(RUNS[0], END)
    told = find_log(one)
    assert told.log is not None
    assert text(told.log) == ""


def test_only_the_runs_that_are_meant_are_looked_at(one: StageDefinition, keep: Keep) -> None:
    keep(RUNS[0], END, "first")
    keep(RUNS[1], END, "second")
    told = find_log(one, kept_runs([one.state_dir])[:1])
    assert told.log is not None
    assert text(told.log) == "first"


def test_a_stage_of_another_pipeline_with_this_name_is_another_stage(one: StageDefinition, keep: Keep) -> None:
    keep(RUNS[0], END, "of a")
    write(one.root / "b", [BEGUN, {**END, "pipeline": "b"}, ENDED], RUNS[1])
    told = find_log(one, kept_runs([one.state_dir, one.root / "b"]))
    assert told.log is not None
    assert told.log.run.id == RUNS[0]
    assert find_log(stage("b:one", one.root / "b"), kept_runs([one.state_dir])) == (None, None)


def test_a_log_is_followed_until_it_is_over_and_nothing_is_missed(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    acts = iter([lambda: None, lambda: log.write_text("one "), lambda: _append(log, "two "), lambda: None])

    def is_over() -> bool:
        act = next(acts, None)
        if act is None:
            _append(log, "three")  # the last words come with the end
            return True
        act()
        return False

    assert b"".join(follow(log, is_over, lambda: None)) == b"one two three"


def _append(path: Path, more: str) -> None:
    with path.open("a") as file:
        file.write(more)


def test_a_stage_is_over_when_its_journal_says_so_or_its_run_is_gone(one: StageDefinition) -> None:
    journal = Journal(one.state_dir, RunStarted(RUNS[0], 1))
    journal.write(json.dumps(START) + "\n")
    told = find_log(one)
    assert told.log is not None
    assert told.log.stage.status == "running"
    first, second = Ending(told.log), Ending(told.log)
    journal.write(json.dumps({**END, "stage": "other"}) + "\n" + "[1]\n")
    journal.write(json.dumps(END)[:20])
    assert not first()
    journal.write(json.dumps(END)[20:] + "\n")
    assert first()
    assert first()
    journal.close()
    assert second()
