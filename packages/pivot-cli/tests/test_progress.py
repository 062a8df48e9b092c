import errno
import io
import json

import pytest

from pivot.cli.console import Console, Stream
from pivot.cli.progress import EventLines, Progress, conclude, summary
from pivot.cli.spelling import Spelling
from pivot.engine import (
    Done,
    Failure,
    Interrupted,
    Kind,
    Outcome,
    ProcessLeft,
    Reason,
    RunFinished,
    RunResult,
    RunStarted,
    StageFinished,
    StageRetried,
    StageStarted,
    StageWaiting,
)


@pytest.fixture
def train(refs):
    return refs("model:train")[0]


@pytest.fixture
def shown(recorded, train):
    """Give what a person sees of some events."""

    def show(*events, verbosity: int = 0) -> str:
        console = recorded(verbosity)
        progress = Progress(console, Spelling([train]), 8)
        for event in events:
            progress.emit(event)
        progress.close()
        assert console.stdout == ""
        return console.stderr

    return show


def test_a_stage_that_ran_has_a_line_with_mark_name_seconds_and_first_reason(shown, train) -> None:
    reasons = (Reason(Kind.PARAM, "rate", 0.1, 0.2), Reason(Kind.FORCED))
    done = Done(train, Outcome.RAN, 2.06, reasons)
    assert shown(StageFinished(done)) == "  + train      2.1s  param rate 0.1 -> 0.2 (+1 more)\n"


def test_a_restored_stage_has_no_seconds(shown, train) -> None:
    done = Done(train, Outcome.RESTORED, 0.1, (Reason(Kind.NEVER_RAN),))
    assert shown(StageFinished(done)) == "  = train            never ran\n"


def test_a_failure_shows_its_message(shown, train) -> None:
    done = Done(train, Outcome.FAILED, 0.3, failure=Failure("ValueError: no\x1b[2J rows"))
    assert shown(StageFinished(done)) == "  x train      0.3s  ValueError: no\\x1b[2J rows\n"


def test_a_try_that_failed_is_shown_as_such(shown, train) -> None:
    done = Done(train, Outcome.FAILED, 0.3, failure=Failure("ValueError: no rows"))
    assert shown(StageRetried(done, 1, 3)) == "  ! train      0.3s  try 1 of 3 failed: ValueError: no rows\n"


def test_a_journal_that_is_not_whole_is_noted(shown) -> None:
    assert (
        shown(RunFinished("id", {}, 1.0, lost="disk full")) == "note: the journal of this run is not whole: disk full\n"
    )
    assert shown(RunFinished("id", {}, 1.0)) == ""


def test_what_is_up_to_date_or_only_begins_is_not_shown(shown, train) -> None:
    assert shown(RunStarted("id", 1), StageStarted(train), StageFinished(Done(train, Outcome.SKIPPED))) == ""


def test_verbose_shows_beginnings_and_what_was_not_tried(shown, train) -> None:
    text = shown(StageStarted(train), StageFinished(Done(train, Outcome.BLOCKED)), verbosity=1)
    assert text == "  ... train\n  ! train            blocked\n"
    assert shown(StageFinished(Done(train, Outcome.CANCELLED))) == ""


def test_undeclared_reads_are_noted(shown, train) -> None:
    text = shown(StageFinished(Done(train, Outcome.RAN, undeclared=("a.csv", "b", "c", "d"))))
    assert "note: it read a.csv, b, c and 1 more without declaring it" in text


def test_a_process_that_was_left_is_told_of(shown, train) -> None:
    assert shown(ProcessLeft(train, "python", 7)) == "warning: train left process 7 (python) running; it was ended\n"
    assert "a stage left process 7" in shown(ProcessLeft(None, "python", 7))


def test_waiting_and_interrupts_are_told(shown, train) -> None:
    assert shown(StageWaiting(train, 42)) == "train is waiting for pid 42, which runs it\n"
    assert shown(StageWaiting(train, None, path="a.txt")) == "train is waiting for another process, which uses a.txt\n"
    assert shown(Interrupted((train,))) == "interrupted: waiting for train; Ctrl-C again kills\n"
    assert "waiting for workers to end" in shown(Interrupted(()))


def result(*done: Done, seconds: float = 1.2) -> RunResult:
    return RunResult("id", {each.ref: each for each in done}, seconds)


def test_a_run_ends_with_counts(refs) -> None:
    one, two, three = refs("a:1", "a:2", "a:3")
    done = (Done(one, Outcome.SKIPPED), Done(two, Outcome.RAN), Done(three, Outcome.RESTORED))
    assert summary(result(*done)) == "1 ran, 1 restored, 1 up to date (1.2s)"


def test_a_run_with_nothing_to_do_says_so(refs) -> None:
    done = [Done(ref, Outcome.SKIPPED) for ref in refs("a:1", "a:2")]
    assert summary(result(*done, seconds=0.018)) == "Nothing to do: 2 stages up to date (18ms)"


def test_a_failed_run_counts_what_was_not_tried(refs) -> None:
    one, two, three = refs("a:1", "a:2", "a:3")
    done = (Done(one, Outcome.FAILED), Done(two, Outcome.BLOCKED), Done(three, Outcome.CANCELLED))
    assert summary(result(*done)) == "1 failed, 1 blocked, 1 not started (1.2s)"


def test_failures_come_last_with_their_traceback_and_log(recorded, train) -> None:
    console = recorded()
    failure = Failure(
        "ValueError: no rows", 'model.py:12 in train\n    raise ValueError("no rows")', ".pivot/logs/x.log"
    )
    conclude(console, str, result(Done(train, Outcome.FAILED, failure=failure)))
    assert console.stderr.splitlines() == [
        "1 failed (1.2s)",
        "",
        "failed: model:train: ValueError: no rows",
        "  model.py:12 in train",
        '      raise ValueError("no rows")',
        "  log: pivot logs model:train",
    ]


def test_quiet_keeps_the_failures(recorded, train) -> None:
    console = recorded(-1)
    conclude(console, str, result(Done(train, Outcome.FAILED, failure=Failure("no", "trace", "log"))))
    assert console.stderr == "failed: model:train: no\n  log: pivot logs model:train\n"


def test_every_event_is_one_line_of_json_on_stdout(recorded, train) -> None:
    console = recorded()
    lines = EventLines(console)
    lines.emit(RunStarted("id", 1))
    lines.emit(StageFinished(Done(train, Outcome.SKIPPED)))
    lines.emit(RunFinished("id", {Outcome.SKIPPED: 1}, 0.1))
    events = [json.loads(line) for line in console.stdout.splitlines()]
    assert [event["event"] for event in events] == ["run_started", "stage_finished", "run_finished"]
    assert events[1]["status"] == "skipped"


class Gone(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


def test_a_run_does_not_stop_because_nobody_reads_its_report(train) -> None:
    lines = EventLines(Console(Stream(Gone()), Stream(None)))
    lines.emit(StageStarted(train))
    lines.emit(StageStarted(train))
    assert isinstance(lines.error, BrokenPipeError)
