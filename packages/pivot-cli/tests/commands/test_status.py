import json
from pathlib import Path

import pytest


@pytest.mark.usefixtures("ran")
def test_what_is_up_to_date_is_a_count(pivot) -> None:
    result = pivot("status", "--check")
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert result.stderr == "Nothing to do: 3 stages up to date\n"


def test_what_is_stale_is_named_with_its_reason_and_check_exits_with_3(ran: Path, pivot) -> None:
    (ran / "features" / "raw.txt").write_text("one two three")
    assert pivot("status").exit_code == 0
    result = pivot("status", "--check")
    assert result.exit_code == 3
    first, second, _ = result.stdout.splitlines()
    assert first.split()[:3] == ["~", "clean", "run"]
    assert "input raw.txt changed" in first
    assert "comes from features:clean, which must run" in second


def test_a_deleted_output_will_be_restored(ran: Path, pivot) -> None:
    (ran / "model" / "model.json").unlink()
    result = pivot("status", at="model")
    assert "= train  restore  output model.json is missing" in result.stdout
    assert "1 to restore" in result.stderr


@pytest.mark.usefixtures("ran")
def test_json_has_every_stage(pivot) -> None:
    data = json.loads(pivot("status", "--json", "report").stdout)
    assert [(stage["pipeline"], stage["stage"], stage["status"]) for stage in data["stages"]] == [
        ("features", "clean", "fresh"),
        ("model", "train", "fresh"),
        ("model", "report", "fresh"),
    ]
