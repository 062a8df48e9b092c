import pytest

from pivot.cache import Digest
from pivot.executor.decide import Known, Outputs, Restore, Run, Skip, decide, differences
from pivot.executor.reasons import Kind, Reason
from pivot.executor.trace import Artifact, Facts, Seen, Trace

IN = Artifact(Digest("b3:" + "1" * 64), 1)
OTHER = Artifact(Digest("b3:" + "2" * 64), 1)
OUT = Artifact(Digest("b3:" + "3" * 64), 1)

NOW = Facts(
    code="c0",
    python="3.13",
    params={"rate": 0.1},
    inputs={"rows": ("rows.csv",)},
    outputs={"model": ("out", "model.json")},
    deps={"rows.csv": IN},
)
BEFORE = Trace(NOW, {"model.json": OUT}, {"m.train": "h0", "m.help": "h1"})


def known(before: Trace | None = BEFORE, *, kept: bool = False, recalled: Outputs | None = None) -> Known:
    return Known(before, lambda _: kept, lambda facts: None if recalled is None else (recalled, facts))


def texts(before: Trace, now: Facts, manifest: dict[str, str] | None = None) -> list[str]:
    return [str(reason) for reason in differences(before, now, lambda: manifest or {})]


def test_nothing_changed_and_outputs_in_place_is_a_skip() -> None:
    assert decide(NOW, {"model.json": OUT}, known()) == Skip(BEFORE)


def test_a_stage_without_a_trace_never_ran() -> None:
    assert decide(NOW, {}, known(None)) == Run((Reason(Kind.NEVER_RAN),))


def test_a_missing_output_that_is_kept_is_restored() -> None:
    decision = decide(NOW, {"model.json": None}, known(kept=True))
    assert isinstance(decision, Restore)
    assert decision.outs == BEFORE.outs
    assert [str(reason) for reason in decision.reasons] == ["output model.json is missing"]


def test_a_missing_output_that_nobody_keeps_is_made_again() -> None:
    assert isinstance(decide(NOW, {"model.json": None}, known()), Run)


def test_an_edited_output_is_not_up_to_date() -> None:
    decision = decide(NOW, {"model.json": OTHER}, known(kept=True))
    assert isinstance(decision, Restore)
    assert str(decision.reasons[0]) == "output model.json was modified"


def test_changed_inputs_are_looked_up_in_the_run_cache_before_running() -> None:
    changed = NOW._replace(deps={"rows.csv": OTHER})
    assert isinstance(decide(changed, {}, known(recalled={"model.json": OUT})), Restore)
    assert isinstance(decide(changed, {}, known()), Run)


def test_what_must_run_always_asks_no_trace_and_no_cache() -> None:
    forced = (Reason(Kind.FORCED),)
    assert decide(NOW, {"model.json": OUT}, known(recalled={"model.json": OUT}), forced) == Run(forced)


def test_every_difference_has_a_name() -> None:
    now = NOW._replace(code="c1", python="3.12", params={"rate": 0.2, "new": 1}, deps={"rows.csv": OTHER})
    assert texts(BEFORE, now, {"m.train": "h0", "m.help": "h2", "m.more": "h3"}) == [
        "code: m.help changed",
        "code: m.more is new",
        "python 3.13 -> 3.12",
        "param new (none) -> 1",
        "param rate 0.1 -> 0.2",
        "input rows.csv changed",
    ]


@pytest.mark.parametrize(
    ("was", "now"),
    [(1, True), (1, 1.0), (0.0, -0.0), ([1], [True]), ({"a": 1, "b": 2}, {"b": 2, "a": 1}), ({"a": 0}, {"a": False})],
)
def test_parameters_that_python_takes_for_equal_are_told_apart(was: object, now: object) -> None:
    before = BEFORE._replace(facts=NOW._replace(params={"rate": was}))
    assert differences_of(before, NOW._replace(params={"rate": now})) == [Kind.PARAM]
    assert differences_of(before, NOW._replace(params={"rate": was})) == []


def differences_of(before: Trace, now: Facts) -> list[Kind]:
    return [reason.kind for reason in differences(before, now)]


def test_a_vanished_input_is_a_reason_to_run() -> None:
    assert texts(BEFORE, NOW._replace(deps={"rows.csv": None})) == ["input rows.csv is gone"]


def test_code_that_changed_without_a_manifest_is_still_a_reason() -> None:
    assert texts(BEFORE, NOW._replace(code="c1")) == ["code: the stage's code changed"]


def test_a_changed_declaration_is_a_reason_to_run() -> None:
    assert texts(BEFORE, NOW._replace(outputs={"model": ("metric", "model.json")})) == ["declared outputs changed"]


def test_what_was_observed_counts_like_what_was_declared() -> None:
    seen = Seen(
        files={"v.json": "1"},
        directories={"d": "1"},
        present=("p",),
        missing=("m",),
        environment={"X": "1"},
        code={"a:f": "1"},
    )
    now = Seen(files={}, directories={"d": "2"}, environment={"X": None}, code={"a:f": "2"})
    before = BEFORE._replace(facts=NOW._replace(observed=seen))
    assert texts(before, NOW._replace(observed=now)) == [
        "file v.json is gone (read, not declared)",
        "directory d changed (read, not declared)",
        "environment variable X is gone (read, not declared)",
        "code: a:f changed",
        "path m is new (read, not declared)",
        "path p is gone (read, not declared)",
    ]
