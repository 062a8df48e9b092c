import json

import pytest

from pivot.cli.statuses import status_json, tell_statuses
from pivot.engine import Kind, Reason, Restore, Run, Skip, StageStatus


@pytest.fixture
def found(refs) -> list[StageStatus]:
    fresh, stale, kept = refs("a:fresh", "a:stale", "a:kept")
    changed = (Reason(Kind.PARAM, "rate", 0.1, 0.2), Reason(Kind.INPUT, "rows.csv", "b3:0", "b3:1"))
    return [
        StageStatus(fresh, Skip(), 1.0),
        StageStatus(stale, Run(changed), 61.0),
        StageStatus(kept, Restore({}, None, (Reason(Kind.OUTPUT, "kept.csv"),)), 2.0),  # type: ignore[arg-type]
    ]


def test_only_what_is_stale_has_a_line_and_the_rest_is_a_count(recorded, found) -> None:
    console = recorded()
    tell_statuses(console, lambda ref: ref.stage, found)
    assert console.stdout.splitlines() == [
        "~ stale  run      param rate 0.1 -> 0.2 (+1 more)",
        "= kept   restore  output kept.csv is missing",
    ]
    assert console.stderr == "1 to run, 1 to restore, 1 up to date (about 1m01s of work)\n"


def test_verbose_shows_every_stage_and_every_reason(recorded, found) -> None:
    console = recorded(1)
    tell_statuses(console, lambda ref: ref.stage, found)
    assert console.stdout.splitlines() == [
        "+ fresh  fresh",
        "~ stale  run",
        "    param rate 0.1 -> 0.2",
        "    input rows.csv changed",
        "= kept   restore  output kept.csv is missing",
    ]


def test_no_estimate_is_made_from_half_of_the_times(recorded, found) -> None:
    console = recorded()
    tell_statuses(console, str, [*found, found[1]._replace(seconds=None)])
    assert console.stderr == "2 to run, 1 to restore, 1 up to date\n"


def test_nothing_to_do_is_said(recorded, found) -> None:
    console = recorded()
    tell_statuses(console, str, found[:1])
    assert console.stdout == ""
    assert console.stderr == "Nothing to do: 1 stage up to date\n"


def test_json_is_one_object_with_a_version_and_all_stages(found) -> None:
    data = json.loads(status_json(found))
    assert data["schema_version"] == 1
    assert [stage["status"] for stage in data["stages"]] == ["fresh", "run", "restore"]
    assert data["stages"][1]["reasons"][0] == {
        "kind": "param",
        "subject": "rate",
        "before": 0.1,
        "after": 0.2,
        "text": "param rate 0.1 -> 0.2",
    }
