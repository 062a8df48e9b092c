"""Events as lines of JSON: these names are an interface."""

import io
import json
from importlib.metadata import version

import pytest
from engine_fakes import ref

from pivot.engine.events import (
    Fan,
    Interrupted,
    ProcessLeft,
    RunFinished,
    RunStarted,
    StageFinished,
    StageRetried,
    StageStarted,
    StageWaiting,
)
from pivot.engine.wire import MOST_REASONS, JsonLines, installed_version, line_of, to_data, utc
from pivot.executor.reasons import Kind, Reason
from pivot.executor.task import Done, Failure, Outcome
from pivot.executor.usage import Usage

S = ref("p:s")


def test_a_process_that_was_left_names_the_stage_if_it_is_known() -> None:
    data = to_data(ProcessLeft(S, "python", 7, 1.0))
    assert data == {"event": "process_left", "pipeline": "p", "stage": "s", "at": 1.0, "command": "python", "pid": 7}
    assert "stage" not in to_data(ProcessLeft(None, "python", 7, 1.0))


def test_a_run_begins_with_the_wall_clock_and_what_was_asked() -> None:
    data = to_data(RunStarted("id", 2, (S.pipeline,), 4, {"force": True}, "pivot run -f", 1e9))
    assert data.pop("pid") > 0
    assert data == {
        "event": "run_started",
        "run": "id",
        "time": "2001-09-09T01:46:40.000Z",
        "version": version("pivot-engine"),
        "command": "pivot run -f",
        "options": {"force": True},
        "pipelines": ["p"],
        "stages": 2,
        "jobs": 4,
    }


def test_a_stage_that_ran_says_what_it_took() -> None:
    done = Done(S, Outcome.RAN, 0.25, (Reason(Kind.NEVER_RAN),), usage=Usage(7, 100.0, 0.5, 1024), unchanged=True)
    data = to_data(StageFinished(done, 1.00004, 0.75))
    assert data.pop("reasons")[0]["text"] == "never ran"
    assert data == {
        "event": "stage_finished",
        "pipeline": "p",
        "stage": "s",
        "at": 1.0,
        "status": "ran",
        "seconds": 0.25,
        "began": 0.75,
        "worker": 7,
        "cpu": 0.5,
        "memory": 1024,
        "cache": "miss",
        "unchanged": True,
    }


@pytest.mark.parametrize(
    ("outcome", "reason", "cache"),
    [
        (Outcome.RESTORED, Kind.INPUT, "hit"),
        (Outcome.RAN, Kind.INPUT, "miss"),
        (Outcome.RAN, Kind.FORCED, None),
        (Outcome.FAILED, Kind.INPUT, None),
        (Outcome.BLOCKED, Kind.INPUT, None),
    ],
)
def test_a_stage_tells_what_the_run_cache_had(outcome: Outcome, reason: Kind, cache: str | None) -> None:
    assert to_data(StageFinished(Done(S, outcome, reasons=(Reason(reason),)))).get("cache") == cache


def test_a_stage_that_failed_says_why() -> None:
    done = Done(S, Outcome.FAILED, failure=Failure("no", "trace", "log"), undeclared=("a.csv",))
    data = to_data(StageFinished(done))
    assert data["failure"] == {"message": "no", "traceback": "trace", "log": "log"}
    assert data["undeclared"] == ["a.csv"]
    assert "worker" not in data


def test_of_very_many_reasons_there_is_a_number() -> None:
    reasons = tuple(Reason(Kind.CODE, f"f{number}") for number in range(MOST_REASONS + 3))
    data = to_data(StageFinished(Done(S, Outcome.RAN, reasons=reasons)))
    assert len(data["reasons"]) == MOST_REASONS
    assert data["more_reasons"] == 3


@pytest.mark.parametrize(
    ("event", "data"),
    [
        (StageStarted(S, 0.5, 1), {"event": "stage_started", "pipeline": "p", "stage": "s", "at": 0.5, "slot": 1}),
        (StageWaiting(S, 3, 0.5), {"event": "stage_waiting", "pipeline": "p", "stage": "s", "at": 0.5, "owner": 3}),
        (
            StageRetried(Done(S, Outcome.FAILED, 0.25, failure=Failure("no")), 1, 3, 0.5),
            {
                "event": "stage_retried",
                "pipeline": "p",
                "stage": "s",
                "at": 0.5,
                "attempt": 1,
                "tries": 3,
                "status": "failed",
                "seconds": 0.25,
                "reasons": [],
                "failure": {"message": "no", "traceback": "", "log": ""},
            },
        ),
        (
            StageWaiting(S, 3, 0.5, "a/b.txt"),
            {"event": "stage_waiting", "pipeline": "p", "stage": "s", "at": 0.5, "owner": 3, "path": "a/b.txt"},
        ),
        (Interrupted((S,), 0.5), {"event": "interrupted", "at": 0.5, "running": ["p:s"]}),
        (
            RunFinished("id", {Outcome.FAILED: 1}, 2.0, True, (S,)),
            {
                "event": "run_finished",
                "run": "id",
                "counts": {"failed": 1},
                "seconds": 2.0,
                "interrupted": True,
                "failed": ["p:s"],
            },
        ),
    ],
)
def test_every_event_has_a_name_and_an_offset(event, data) -> None:
    assert to_data(event) == data


def test_what_a_stage_waited_for_is_named() -> None:
    assert to_data(StageStarted(S, after=ref("q:t")))["after"] == "q:t"


def test_tries_after_the_first_are_numbered() -> None:
    assert to_data(StageStarted(S, attempt=2))["attempt"] == 2
    assert to_data(StageFinished(Done(S, Outcome.RAN, attempts=2)))["attempts"] == 2


def test_a_line_is_json_whatever_a_parameter_is() -> None:
    reason = Reason(Kind.PARAM, "x", object(), float("nan"))
    assert json.loads(line_of(StageFinished(Done(S, Outcome.RAN, reasons=(reason,)))))["status"] == "ran"


def test_lines_are_written_at_once_to_every_sink() -> None:
    streams = io.StringIO(), io.StringIO()
    Fan(map(JsonLines, streams)).emit(StageStarted(S))
    assert all(json.loads(stream.getvalue())["stage"] == "s" for stream in streams)


def test_times_have_milliseconds() -> None:
    assert utc(0.0015) == "1970-01-01T00:00:00.001Z"


def test_the_version_is_that_of_the_installed_package(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    assert installed_version() == version("pivot-engine")
    monkeypatch.setattr("sys.path", [str(tmp_path), str(tmp_path / "nothing")])
    assert installed_version() == ""
