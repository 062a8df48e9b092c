import json
from pathlib import Path

import pytest

from pivot.engine.events import RunStarted
from pivot.engine.journal import Journal
from pivot.registry.types import StateDir


def runs(pivot, *words: str, at: str = ".") -> list[dict]:
    result = pivot("log", "--json", *words, at=at)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["runs"]


def test_the_last_run_comes_first(twice: Path, pivot) -> None:
    lines = pivot("log").stdout.splitlines()
    assert [line.split("  ")[-1] for line in lines] == ["1 ran, 1 up to date", "3 ran"]
    assert [run["command"] for run in runs(pivot)] == ["pivot run --force train", "pivot run"]
    assert len(pivot("log", "-n", "1").stdout.splitlines()) == 1


@pytest.mark.usefixtures("twice")
def test_a_pipelines_log_has_the_runs_that_concerned_it(pivot) -> None:
    assert len(runs(pivot, at="features")) == 1
    assert len(runs(pivot, at="model")) == 2
    assert len(runs(pivot, "--all", at="features")) == 2


@pytest.mark.usefixtures("ran")
def test_a_run_is_shown_with_what_it_did_in_all_pipelines(pivot) -> None:
    text = pivot("log", "last", at="features").stdout
    assert {line.split()[1] for line in text.splitlines() if line.startswith("  + ")} == {"clean", "train", "report"}
    path = text[text.index("critical path:") :].splitlines()[1:]
    assert [line.split()[1] for line in path] == ["clean", "train", "report"]
    assert pivot("log", "--last").stdout == pivot("log", "last").stdout


@pytest.mark.usefixtures("ran")
def test_a_run_for_programs_has_its_stages_and_its_critical_path(pivot) -> None:
    data = json.loads(pivot("log", "last", "--json").stdout)
    assert data["schema_version"] == 1
    assert data["state"] == "ok"
    assert [(stage["pipeline"], stage["stage"]) for stage in data["stages"]] == [
        ("features", "clean"),
        ("model", "train"),
        ("model", "report"),
    ]
    assert [step["stage"] for step in data["critical_path"]] == ["clean", "train", "report"]
    assert data["stages"][1]["after"] == "features:clean"
    assert data["memory"] == max(stage["memory"] for stage in data["stages"])


@pytest.mark.usefixtures("twice")
@pytest.mark.parametrize("words", [("--compare",), ("--compare", "last~1"), ("last~1", "last")])
def test_two_runs_are_compared(pivot, words: tuple[str, ...]) -> None:
    text = pivot("log", *words).stdout
    assert "clean" in text
    assert "not run" in text
    data = json.loads(pivot("log", "--json", *words).stdout)
    assert data["before"]["command"] == "pivot run"
    assert data["now"]["command"] == "pivot run --force train"
    changes = {stage["stage"]: stage["change"] for stage in data["stages"]}
    assert changes["clean"] == changes["report"] == "not run"


def test_a_run_is_written_as_a_trace(ran: Path, pivot) -> None:
    result = pivot("log", "--trace", "t.json")
    assert result.exit_code == 0, result.output
    assert "ui.perfetto.dev" in result.stderr
    written = json.loads((ran / "t.json").read_text())
    assert {event["name"] for event in written["traceEvents"] if event["ph"] == "X"} == {
        "features:clean",
        "model:train",
        "model:report",
    }
    assert json.loads(pivot("log", "last", "--trace", "-").stdout) == written


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("nosuch",), "there is no run 'nosuch'"),
        (("last~7",), "only 1 kept"),
        (("a", "b", "c"), "3 runs are too many here"),
        (("a", "b", "--trace", "x"), "2 runs are too many here"),
        (("--compare",), "there is no run 'last~1'"),
        (("last", "--trace", "no/such/file"), "no/such/file"),
    ],
)
def test_what_cannot_be_answered_is_an_error_with_a_hint(pivot, words: tuple[str, ...], what: str) -> None:
    result = pivot("log", *words)
    assert result.exit_code == 2
    assert what in result.stderr
    assert "hint:" in result.stderr


@pytest.mark.usefixtures("project")
def test_before_the_first_run_there_is_nothing_to_tell(pivot) -> None:
    result = pivot("log")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "No runs yet: nothing has been run or restored here.\n"
    assert runs(pivot) == []
    assert pivot("log", "last").exit_code == 2


def test_what_happened_can_be_seen_while_the_pipeline_is_broken(ran: Path, pivot) -> None:
    (ran / "model" / "pipeline.py").write_text("from pivot.pipeline import Pipeline\nraise RuntimeError('boom')\n")
    assert len(runs(pivot, at="model")) == 1
    text = pivot("log", "last", at="model").stdout
    assert "report" in text
    assert "clean" in text


def test_where_there_is_no_pipeline_the_error_says_so(tmp_path: Path, pivot) -> None:
    (tmp_path / ".pivot").mkdir()
    (tmp_path / ".pivot" / "config.yaml").touch()
    result = pivot("log")
    assert result.exit_code == 2
    assert "no pipeline in" in result.stderr


def test_old_runs_are_given_up(ran: Path, pivot) -> None:
    (ran / ".pivot" / "config.yaml").write_text("run: {jobs: 1, keep_runs: 2}\n")
    for _ in range(2):
        pivot("run", "--force", "train")
    assert len(list((ran / "model" / ".pivot" / "runs").iterdir())) == 2
    # In `features` nothing happened since, so its journal stays: the run is still known there.
    assert len(runs(pivot)) == 3


def test_a_run_that_goes_on_is_said_to(ran: Path, pivot) -> None:
    journal = Journal(StateDir(ran / "model" / ".pivot"), RunStarted("29990101T000000-0000000", 1))
    assert runs(pivot)[0]["state"] == "running"
    assert pivot("log").stdout.startswith("> 29990101T000000-0000000")
    journal.close()
    assert runs(pivot)[0]["state"] == "killed"
