"""What a change of files means after a round."""

from typing import Any

import pytest

from pivot.cli.news import Tried, told
from pivot.engine import (
    Decision,
    Done,
    Facts,
    Kind,
    Outcome,
    Reason,
    Restore,
    Run,
    RunResult,
    Skip,
    StageStatus,
)
from pivot.registry.types import PipelineName, StageName, StageRef

REF = StageRef(PipelineName("p"), StageName("train"))


def facts(code: str = "c0") -> Facts:
    return Facts(code, "3.13", {}, {}, {}, {})


def status(decision: Decision, now: Facts | None = None) -> StageStatus:
    return StageStatus(REF, decision, None, now)


def after(outcome: Outcome, **more: Any) -> Tried:
    return Tried().after(RunResult("r", {REF: Done(REF, outcome, **more)}, 0.0, tried={REF: facts()}))


STALE = Run((Reason(Kind.CODE, "m.f", "a", "b"),))
LOST = Run((Reason(Kind.OUTPUT, "m.json", "a", "b"),))


@pytest.mark.parametrize(
    ("tried", "found", "by_hand", "expected"),
    [
        (Tried(), status(STALE, facts()), (), True),
        (after(Outcome.RAN), status(Skip()), ("x",), False),
        (after(Outcome.RAN), status(STALE, facts("c1")), (), True),
        (after(Outcome.RAN), status(STALE, facts()), ("x",), False),
        (after(Outcome.RAN), status(STALE, None), ("x",), False),
        (after(Outcome.FAILED), status(STALE, facts()), ("x",), False),
        (after(Outcome.FAILED), status(STALE, facts("c1")), (), True),
        (after(Outcome.FAILED), status(Skip()), (), True),
        (after(Outcome.FAILED, asked=("x",)), status(STALE, facts()), ("x",), True),
        (after(Outcome.FAILED, asked=("x",)), status(STALE, facts()), (), False),
        (after(Outcome.FAILED, asked=("d/x",)), status(STALE, facts()), ("d",), True),
        (after(Outcome.FAILED, asked=("d",)), status(STALE, facts()), ("d/x",), True),
        (after(Outcome.FAILED, asked=("d",)), status(STALE, facts()), ("dx",), False),
        (after(Outcome.RAN), status(LOST, facts()), ("m.json",), True),
        (after(Outcome.RAN), status(LOST, facts()), (), False),
        (after(Outcome.FAILED), status(LOST, facts()), ("m.json",), False),
        (after(Outcome.RAN), status(Restore({}, facts(), ()), facts()), ("m.json",), True),
    ],
    ids=[
        "what was never run",
        "not what is up to date",
        "other facts than it was run with",
        "not what is stale as it was: it is always stale",
        "not what waits for another stage",
        "not a failure that nothing concerns",
        "a failure with other facts",
        "a failure that is up to date again",
        "a file that a failed stage asked for",
        "not if the stage itself wrote it",
        "a directory above it",
        "a name in a directory that it listed",
        "not a namesake",
        "an output edited by hand",
        "not an output that the round wrote",
        "not the outputs of a failure",
        "an output that can be put back",
    ],
)
def test_a_round_is_called_for_by(tried: Tried, found: StageStatus, by_hand: tuple[str, ...], expected: bool) -> None:
    assert tried.calls_for_round([found], by_hand) is expected


def test_what_was_blocked_counts_as_tried_with_the_facts_of_then() -> None:
    tried = Tried().after(RunResult("r", {REF: Done(REF, Outcome.BLOCKED)}, 0.0))
    assert tried.calls_for_round([status(STALE, facts())])
    tried = tried.with_untried([status(STALE, facts())])
    assert not tried.calls_for_round([status(STALE, facts())])
    assert tried.calls_for_round([status(STALE, facts("c1"))])


def test_a_stage_that_failed_while_its_code_was_edited_is_tried_once_more_and_not_for_ever() -> None:
    result = RunResult("r", {REF: Done(REF, Outcome.FAILED, edited=True)}, 0.0, tried={REF: facts()})
    tried = Tried().after(result)
    assert tried.calls_for_round([status(STALE, facts())])
    assert not tried.after(result).calls_for_round([status(STALE, facts())])


def there(path: str) -> bool:
    return "gone" not in path


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        (["b.py", "a.py"], "a.py, b.py"),
        (["a.py", "a.py~", ".a.py.swp"], "a.py"),
        (["a.py", "sed-gone"], "a.py"),
        (["data-gone.csv"], "data-gone.csv"),
        (["a.py", "out/x", ".gitignore"], "a.py"),
        (["out/x"], "out/x"),
        (list("abcde"), "a, b, c and 2 more"),
    ],
)
def test_changes_are_named_without_what_lies_beside_them(changed: list[str], line: str) -> None:
    assert told(changed, ["out"], there) == line
