"""What is read off a run: what determined its length, and how it differs from another."""

import pytest
from engine_fakes import ref

from pivot.engine.analysis import Change, compare, critical_path, totals, worked
from pivot.engine.records import RunRecord, RunState, StageRecord


def record(name: str, began: float, ended: float, after: str = "", **more: object) -> StageRecord:
    stage = StageRecord(ref(name), "ran", ended - began, began, ended, after=ref(after) if after else None)
    return stage._replace(**more)  # type: ignore[arg-type]


def run_of(*stages: StageRecord) -> RunRecord:
    return RunRecord("id", RunState.OK, 0.0, 10.0, stages={stage.ref: stage for stage in stages})


def test_the_critical_path_leads_back_from_what_ended_last() -> None:
    run = run_of(
        record("p:a", 0.5, 2.0),
        record("p:long", 0.5, 4.0),
        record("p:b", 2.0, 5.0, "p:a"),
        record("p:c", 6.0, 9.0, "p:b"),
    )
    path = critical_path(run)
    assert [(step.stage.ref.stage, step.waited) for step in path] == [("a", 0.5), ("b", 0.0), ("c", 1.0)]


def test_the_critical_path_ends_where_a_journal_is_lost() -> None:
    assert [step.stage.ref.stage for step in critical_path(run_of(record("p:c", 6.0, 9.0, "q:gone")))] == ["c"]
    assert critical_path(run_of()) == []


def test_the_critical_path_does_not_go_in_circles() -> None:
    run = run_of(record("p:a", 0.0, 1.0, "p:b"), record("p:b", 1.0, 2.0, "p:a"))
    assert len(critical_path(run)) == 2


def test_what_was_not_tried_or_still_runs_is_on_no_path() -> None:
    run = run_of(
        record("p:a", 0.0, 1.0),
        StageRecord(ref("p:b"), "blocked", ended=3.0),
        StageRecord(ref("p:c"), "running", began=1.0),
    )
    assert [step.stage.ref.stage for step in critical_path(run)] == ["a"]


def test_totals_add_up_what_worked() -> None:
    run = run_of(
        record("p:a", 0.0, 1.0, cpu=2.0, memory=5),
        record("p:b", 0.0, 3.0, cpu=1.0, memory=7),
        record("p:c", 0.0, 0.5),
        StageRecord(ref("p:d"), "blocked"),
    )
    assert [stage.ref.stage for stage in worked(run)] == ["b", "a", "c"]
    assert totals(run) == (4.5, 3.0, 7, ref("p:b"))
    assert totals(run_of()) == (0, 0, None, None)


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        (1.0, 1.05, Change.SAME),
        (1.0, 1.2, Change.SLOWER),
        (1.0, 0.5, Change.FASTER),
        (0.001, 0.04, Change.SAME),
    ],
)
def test_a_stage_is_slower_or_faster_if_it_is_worth_a_word(before: float, now: float, change: Change) -> None:
    (row,) = compare(run_of(record("p:a", 0.0, before)), run_of(record("p:a", 0.0, now)))
    assert row.change is change
    assert row.difference == pytest.approx(now - before)


def test_stages_of_one_run_only_and_those_that_ended_otherwise_are_named_so() -> None:
    before = run_of(record("p:a", 0, 4.0), record("p:b", 0, 1.0))
    now = run_of(record("p:b", 0, 0.5, status="restored"), record("p:c", 0, 2.0))
    rows = compare(before, now)
    assert [(row.ref.stage, row.change) for row in rows] == [
        ("a", Change.ABSENT),
        ("c", Change.NEW),
        ("b", Change.STATUS),
    ]
