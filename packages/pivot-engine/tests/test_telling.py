"""What a run tells, and what of it its journals keep."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from engine_fakes import live, ref, stage

from pivot.cache import CacheRoot
from pivot.engine import Engine, EngineSettings, RunOptions
from pivot.engine.events import Event, Interrupted, RunFinished, StageFinished, StageStarted, StageWaiting
from pivot.engine.graph import Graph, build_graph
from pivot.engine.telling import Teller, run_started
from pivot.executor.task import Done, Outcome
from pivot.executor.usage import Usage


def settings_of(root: Path) -> EngineSettings:
    return EngineSettings(root, CacheRoot(root / "cache"), jobs=3)


def journals(root: Path, pipeline: str = ".") -> list[list[dict[str, Any]]]:
    """Read all journals of a pipeline: lists of events."""
    files = sorted((root / pipeline / ".pivot" / "runs").glob("*.jsonl"))
    return [[json.loads(line) for line in file.read_text().splitlines()] for file in files]


class Told:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    """`b:last` needs `a:one` and `a:two`; `a:alone` nothing."""
    a, b = tmp_path / "a", tmp_path / "b"
    stages = [
        stage("a:one", a, (), ["one.txt"]),
        stage("a:two", a, (), ["two.txt"]),
        stage("a:alone", a, (), ["alone.txt"]),
        stage("b:last", b, ["../a/one.txt", "../a/two.txt"], ["last.txt"]),
    ]
    return build_graph(stages, tmp_path)


class Tale:
    """A run that is told by hand."""

    def __init__(self, graph: Graph, root: Path, options: RunOptions = RunOptions()) -> None:
        self.told = Told()
        self.root = root
        self._teller = Teller(graph, (self.told,), 100)
        self.tell(run_started("20260101T000000-0000000", list(graph.stages), settings_of(root), options))

    def tell(self, *events: Event) -> None:
        for event in events:
            self._teller.emit(event)

    def tell_at_once(self, *events: Event) -> None:
        self._teller.emit(*events)

    def end(self) -> None:
        self.tell(RunFinished("20260101T000000-0000000", {}, 1.0))
        self._teller.close()

    def kept(self, pipeline: str) -> list[dict[str, Any]]:
        found = journals(self.root, pipeline)
        return found[0] if found else []


@pytest.fixture
def tale(graph: Graph, tmp_path: Path) -> Tale:
    return Tale(graph, tmp_path)


def finished(name: str, outcome: Outcome = Outcome.RAN, usage: Usage | None = None) -> StageFinished:
    return StageFinished(Done(ref(name), outcome, usage=usage))


def test_each_pipeline_keeps_what_concerns_it(tale: Tale) -> None:
    tale.tell(StageStarted(ref("a:one")), finished("a:one"), StageStarted(ref("b:last")), finished("b:last"))
    tale.end()
    for pipeline in "ab":
        events = tale.kept(pipeline)
        assert [event["event"] for event in events] == [
            "run_started",
            "stage_started",
            "stage_finished",
            "run_finished",
        ]
        assert {event["pipeline"] for event in events[1:3]} == {pipeline}
        assert events[0]["pipelines"] == ["a", "b"]


def test_events_of_one_moment_are_kept_in_their_order_each_where_it_belongs(tale: Tale) -> None:
    tale.tell(StageStarted(ref("a:one")), StageStarted(ref("a:two")))
    tale.tell_at_once(finished("a:two"), StageStarted(ref("a:alone")))
    tale.tell_at_once(finished("a:one"), StageStarted(ref("b:last")))
    a = [(event["event"], event["stage"]) for event in tale.kept("a")[3:]]
    assert a == [("stage_finished", "two"), ("stage_started", "alone"), ("stage_finished", "one")]
    (last,) = tale.kept("b")[1:]
    assert (last["stage"], last["after"]) == ("last", "a:one")
    assert [type(event) for event in tale.told.events[-2:]] == [StageFinished, StageStarted]


def test_what_a_signal_tells_while_something_is_told_comes_behind_it(graph: Graph, tmp_path: Path) -> None:
    class Pressed(Told):
        """Writes slowly: Ctrl-C is pressed before it is done."""

        def emit(self, event: Event) -> None:
            if isinstance(event, StageFinished):
                teller.emit(Interrupted(teller.running))
            super().emit(event)

    told = Pressed()
    teller = Teller(graph, (told,), 100)
    teller.emit(run_started("20260101T000000-0000000", list(graph.stages), settings_of(tmp_path), RunOptions()))
    teller.emit(StageStarted(ref("a:one")))
    teller.emit(finished("a:one"), StageStarted(ref("a:two")))
    order = [type(event) for event in told.events[1:]]
    assert order == [StageStarted, StageFinished, StageStarted, Interrupted]
    assert [event["event"] for event in journals(tmp_path, "a")[0][-2:]] == ["stage_started", "interrupted"]


def test_a_run_in_which_nothing_happens_leaves_no_file(tale: Tale) -> None:
    tale.tell(finished("a:one", Outcome.SKIPPED), Interrupted(()), finished("a:two", Outcome.CANCELLED))
    tale.end()
    assert not (tale.root / "a" / ".pivot").exists()


def test_what_a_failure_leaves_untried_is_kept_where_it_is(tale: Tale) -> None:
    tale.tell(StageStarted(ref("a:one")), finished("a:one", Outcome.FAILED))
    tale.tell(finished("b:last", Outcome.BLOCKED), finished("a:alone", Outcome.CANCELLED))
    tale.end()
    assert [event.get("status") for event in tale.kept("a")] == [None, None, "failed", "cancelled", None]
    assert [event.get("status") for event in tale.kept("b")] == [None, "blocked", None]


def test_a_stage_that_another_process_had_made_meanwhile_is_told_to_be_done(tale: Tale) -> None:
    tale.tell(StageStarted(ref("a:one")), StageWaiting(ref("a:one"), 42))
    tale.tell(finished("a:one", Outcome.SKIPPED, Usage(7, 0.0, 0.0, None)))
    tale.end()
    kept = tale.kept("a")
    assert [event["event"] for event in kept[1:4]] == ["stage_started", "stage_waiting", "stage_finished"]
    assert kept[2]["owner"] == 42


def test_a_stage_names_the_one_that_it_waited_for_last(tale: Tale) -> None:
    tale.tell(StageStarted(ref("a:one")), StageStarted(ref("a:two")), StageStarted(ref("a:alone")))
    tale.tell(finished("a:two"), finished("a:one"), finished("a:alone"), StageStarted(ref("b:last")))
    started = {event.ref: event.after for event in tale.told.events if isinstance(event, StageStarted)}
    assert started[ref("b:last")] == ref("a:one")
    assert started[ref("a:one")] is None


def test_a_slot_is_the_lowest_number_that_is_free(tale: Tale) -> None:
    tale.tell(StageStarted(ref("a:one")), StageStarted(ref("a:two")), finished("a:one"), StageStarted(ref("a:alone")))
    slots = {event.ref.stage: event.slot for event in tale.told.events if isinstance(event, StageStarted)}
    assert slots == {"one": 0, "two": 1, "alone": 0}


def test_offsets_never_go_back(tale: Tale) -> None:
    tale.tell(StageStarted(ref("a:one")), Interrupted((ref("a:one"),)), finished("a:one"))
    tale.end()
    offsets = [event["at"] for event in tale.kept("a") if "at" in event]
    assert len(offsets) == 3
    assert offsets == sorted(offsets)
    assert offsets[0] >= 0


@pytest.mark.parametrize("clock", [-1e9, 1e9])
def test_a_worker_whose_clock_is_another_one_began_between_start_and_end(tale: Tale, clock: float) -> None:
    tale.tell(StageStarted(ref("a:one")), finished("a:one", usage=Usage(7, clock, 0.0, None)))
    start, end = tale.told.events[1:]
    assert isinstance(start, StageStarted)
    assert isinstance(end, StageFinished)
    assert end.began is not None
    assert start.at <= end.began <= end.at


def test_a_stage_that_was_given_ahead_began_before_that_was_told(tale: Tale) -> None:
    before = time.monotonic()
    tale.tell(StageStarted(ref("a:one")), finished("a:one", usage=Usage(7, before, 0.0, None)))
    start, end = tale.told.events[1:]
    assert isinstance(start, StageStarted)
    assert isinstance(end, StageFinished)
    assert end.began is not None
    assert end.began < start.at


def test_a_run_says_what_it_was_asked_for(graph: Graph, tmp_path: Path) -> None:
    said = run_started("id", list(graph.stages), settings_of(tmp_path), RunOptions((ref("a:one"),), force=True))
    assert said.options == {"force": True, "targets": ["a:one"]}
    assert said.jobs == 3
    said = run_started("id", [], settings_of(tmp_path), RunOptions((ref("a:one"),), jobs=2, command="pivot run one"))
    assert (said.options, said.jobs, said.command) == ({}, 2, "pivot run one")


def test_a_journal_that_cannot_be_written_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / ".pivot").mkdir()
    (tmp_path / ".pivot" / "runs").touch()  # a file where the directory should be: true for root too
    told = Told()
    pipeline = live(tmp_path, [stage("p:s", tmp_path, (), ["s.txt"])], s=lambda: Path("s.txt").write_text("s") and None)
    with Engine(pipeline=pipeline, settings=settings_of(tmp_path), sink=told, environ={}) as engine:
        assert engine.run_once().ok
    last = told.events[-1]
    assert isinstance(last, RunFinished)
    assert "runs" in last.lost


def test_a_real_run_says_who_ran_each_stage_when_and_what_it_took(tmp_path: Path) -> None:
    def make() -> None:
        Path("s.txt").write_text("s")

    def user(in0: Path) -> None:
        Path("t.txt").write_text(in0.read_text())

    stages = [stage("p:make", tmp_path, (), ["s.txt"]), stage("p:user", tmp_path, ["s.txt"], ["t.txt"])]
    pipeline = live(tmp_path, stages, make=make, user=user)
    for options in (RunOptions(), RunOptions(), RunOptions(force=True)):
        with Engine(pipeline=pipeline, settings=settings_of(tmp_path), environ={}) as engine:
            assert engine.run_once(options).ok
    first, forced = journals(tmp_path)  # the second run found everything up to date
    ends = [event for event in first if event["event"] == "stage_finished"]
    assert [event["status"] for event in ends] == ["ran", "ran"]
    for event in ends:
        assert event["memory"] > 1_000_000
        assert event["cpu"] >= 0
        assert event["worker"] > 0
        assert 0 <= event["began"] <= event["at"] <= first[-1]["seconds"]
        assert "unchanged" not in event
    assert first[-1]["counts"] == {"ran": 2}
    assert [event["unchanged"] for event in forced if event["event"] == "stage_finished"] == [True, True]
