import json
from pathlib import Path

import pytest

CHANGED = """
def split(text):
    return text.upper().split()
"""


@pytest.mark.usefixtures("ran")
def test_what_is_up_to_date_is_called_so(pivot) -> None:
    result = pivot("explain", "train")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("+ train is up to date  model/pipeline.py:")


def test_a_changed_helper_is_named_with_place_way_and_difference(ran: Path, pivot, write) -> None:
    write("features/words.py", CHANGED)
    lines = pivot("explain", "clean", "--diff").stdout.splitlines()
    assert lines[0].startswith("~ clean must run")
    assert "words.split changed" in lines[1]
    assert lines[1].endswith("features/words.py:2")
    assert lines[2].strip().endswith("clean -> words.split")
    assert any(line.strip() == "-    return text.split()" for line in lines)
    assert any(line.strip() == "+    return text.upper().split()" for line in lines)


def test_what_must_run_above_is_named(ran: Path, pivot, write) -> None:
    write("features/words.py", CHANGED)
    assert "comes from features:clean, which must run" in pivot("explain", "train").stdout


@pytest.mark.usefixtures("ran")
def test_the_manifest_names_all_code(pivot) -> None:
    assert "words.split" in pivot("explain", "clean", "--manifest").stdout


def test_json_is_one_object(ran: Path, pivot, write) -> None:
    write("features/words.py", CHANGED)
    data = json.loads(pivot("explain", "clean", "--json").stdout)
    assert data["status"] == "run"
    assert data["changes"][0]["kind"] == "code"
    assert "+    return text.upper().split()" in data["changes"][0]["diff"]


@pytest.mark.usefixtures("project")
def test_an_unknown_stage_is_a_usage_error(pivot) -> None:
    assert pivot("explain", "nosuch").exit_code == 2
