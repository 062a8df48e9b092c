import json
from pathlib import Path

import pytest

FAILING = """
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("fragile")
TEXT = loaders.Text()

def inner():
    raise ValueError("no rows")

@pipeline.stage()
def break_(text: Annotated[str, outputs.Dep("a.txt", TEXT)]) -> Annotated[str, outputs.Out("b.txt", TEXT)]:
    print("about to break")
    inner()

@pipeline.stage()
def after(text: Annotated[str, outputs.Dep("b.txt", TEXT)]) -> Annotated[str, outputs.Out("c.txt", TEXT)]:
    return text

@pipeline.stage()
def beside(text: Annotated[str, outputs.Dep("a.txt", TEXT)]) -> Annotated[str, outputs.Out("d.txt", TEXT)]:
    return text
"""


@pytest.fixture
def fragile(tmp_path: Path, write) -> Path:
    write(".pivot/config.yaml", "run: {jobs: 1}\n")
    write("pipeline.py", FAILING)
    write("a.txt", "a")
    return tmp_path


@pytest.mark.usefixtures("project")
def test_what_runs_has_a_line_and_a_second_run_has_nothing_to_do(pivot) -> None:
    first = pivot("run")
    assert first.exit_code == 0, first.output
    assert first.stdout == ""
    lines = first.stderr.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [["+", "clean"], ["+", "train"], ["+", "report"]]
    assert lines[0].endswith("never ran")
    assert lines[3].startswith("3 ran (")
    again = pivot("run")
    assert again.exit_code == 0
    assert again.stderr.startswith("Nothing to do: 3 stages up to date (")


def test_in_the_directory_of_a_pipeline_only_it_and_what_it_needs_runs(project: Path, pivot) -> None:
    assert pivot("run", at="features").exit_code == 0
    assert (project / "features" / "clean.json").exists()
    assert not (project / "model" / "model.json").exists()
    assert "2 ran, 1 up to date" in pivot("run", at="model").stderr


def test_all_means_the_whole_project(project: Path, pivot) -> None:
    assert "3 ran" in pivot("repro", "--all", at="features").stderr
    assert (project / "model" / "report.json").exists()


def test_a_target_may_be_an_output_and_brings_what_it_needs(project: Path, pivot) -> None:
    assert "2 ran" in pivot("run", "model.json", at="model").stderr
    assert not (project / "model" / "report.json").exists()


def test_only_leaves_upstream_alone(ran: Path, pivot) -> None:
    (ran / "features" / "raw.txt").write_text("changed")
    assert "1 stage up to date" in pivot("run", "--only", "train").stderr


def test_a_dry_run_names_what_would_run_and_runs_nothing(project: Path, pivot) -> None:
    result = pivot("run", "--dry-run")
    assert result.exit_code == 0
    assert [line.split()[:3] for line in result.stdout.splitlines()] == [
        ["~", "clean", "run"],
        ["~", "train", "run"],
        ["~", "report", "run"],
    ]
    assert "3 to run" in result.stderr
    assert not (project / "features" / "clean.json").exists()
    assert not (project / "features" / ".pivot" / "stages").exists()


@pytest.mark.usefixtures("ran")
def test_a_dry_run_for_programs_is_one_object(pivot) -> None:
    data = json.loads(pivot("run", "-n", "--json", "-f", "train").stdout)
    assert {stage["stage"]: stage["status"] for stage in data["stages"]} == {"clean": "fresh", "train": "run"}


@pytest.mark.usefixtures("ran")
def test_force_runs_what_is_named_and_not_what_it_needs(pivot) -> None:
    result = pivot("run", "--force", "train")
    assert "train" in result.stderr
    assert "forced" in result.stderr
    assert "1 ran, 1 up to date" in result.stderr


def test_a_parameter_can_be_set_this_once(ran: Path, pivot) -> None:
    result = pivot("run", "--set", "train.rate=0.5")
    assert result.exit_code == 0, result.output
    assert "param rate 0.1 -> 0.5" in result.stderr
    assert json.loads((ran / "model" / "model.json").read_text())["rate"] == 0.5


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize(
    ("setting", "cause", "hint"),
    [
        ("train.rte=1", "no field rte", "Did you mean rate?"),
        ("tran.rate=1", "no stage tran", "Did you mean"),
        ("train.rate=x", "rate", "Give a value"),
        ("train", "cannot understand", "stage.field=value"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(pivot, setting: str, cause: str, hint: str) -> None:
    result = pivot("run", "--set", setting)
    assert result.exit_code == 2
    error, told = result.stderr.splitlines()
    assert cause in error
    assert hint in told


@pytest.mark.usefixtures("ran")
def test_for_programs_every_event_is_a_line(pivot) -> None:
    result = pivot("run", "--json", "--force", "train", "-j", "1")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event["event"] for event in events] == [
        "run_started",
        "stage_finished",
        "stage_started",
        "stage_finished",
        "run_finished",
    ]
    assert events[-1]["counts"] == {"skipped": 1, "ran": 1}
    assert result.stderr == ""


def test_a_failure_is_told_last_with_the_users_frames_and_the_log(fragile: Path, pivot) -> None:
    result = pivot("run", "break_")
    assert result.exit_code == 1
    error = result.stderr
    assert "1 failed" in error
    assert error.index("failed: break_: pipeline.py:10: ValueError: no rows") > error.index("1 failed")
    assert "pipeline.py" in error
    assert "inner()" in error
    assert "pivot/executor" not in error
    assert error.splitlines()[-1] == f"  log: pivot -C {fragile} logs break_"
    assert pivot("logs", "break_").stdout == "about to break\n"


@pytest.mark.usefixtures("fragile")
def test_after_a_failure_what_does_not_need_it_may_go_on(pivot) -> None:
    result = pivot("run", "--keep-going")
    assert result.exit_code == 1
    assert "1 ran, 1 failed, 1 blocked" in result.stderr


@pytest.mark.usefixtures("fragile")
def test_a_failure_reaches_programs_as_an_event(pivot) -> None:
    result = pivot("run", "--json", "break_")
    assert result.exit_code == 1
    failed = [event for event in map(json.loads, result.stdout.splitlines()) if event.get("status") == "failed"]
    assert failed[0]["failure"]["message"] == "pipeline.py:10: ValueError: no rows"


@pytest.mark.usefixtures("project")
def test_an_unknown_stage_is_a_usage_error_with_a_suggestion(pivot) -> None:
    result = pivot("run", "trian")
    assert result.exit_code == 2
    assert result.stderr == "pivot: error: unknown stage 'trian'\n  hint: Did you mean train?\n"


def test_a_broken_pipeline_elsewhere_is_a_warning(project: Path, pivot, write) -> None:
    write("broken/pipeline.py", "from pivot.pipeline import Pipeline\nraise RuntimeError('boom')\n")
    result = pivot("run", at="features")
    assert result.exit_code == 0
    assert result.stderr.startswith("pivot: warning: left out, because it cannot be loaded: broken/pipeline.py:2: ")
    assert "boom" in result.stderr


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("at", [".", "broken"])
def test_a_broken_pipeline_that_is_meant_is_an_error(pivot, write, at: str) -> None:
    write("broken/pipeline.py", "from pivot.pipeline import Pipeline\nraise RuntimeError('boom')\n")
    result = pivot("run", at=at)
    assert result.exit_code == 2
    assert "broken/pipeline.py:2" in result.stderr
    assert "boom" in result.stderr
    assert "Traceback" not in result.stderr


def test_where_there_is_no_pipeline_the_error_says_where_was_looked(tmp_path: Path, pivot) -> None:
    (tmp_path / ".pivot").mkdir()
    (tmp_path / ".pivot" / "config.yaml").touch()
    result = pivot("run")
    assert result.exit_code == 2
    assert f"no pipeline in {tmp_path.resolve()}" in result.stderr
    assert "pivot init" in result.stderr


def test_a_directory_that_nothing_marks_is_not_searched(
    tmp_path: Path, pivot, write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # marks above a home do not count
    write("below/pipeline.py", "from pivot.pipeline import Pipeline\nraise RuntimeError('loaded')\n")
    result = pivot("run")
    assert result.exit_code == 2
    assert "is in no project" in result.stderr
    assert "pivot init" in result.stderr
    assert "loaded" not in result.stderr


def test_many_broken_pipelines_elsewhere_are_a_count(project: Path, pivot, write) -> None:
    for index in range(6):
        write(f"broken{index}/pipeline.py", "from pivot.pipeline import Pipeline\nraise RuntimeError('boom')\n")
    error = pivot("list", at="features").stderr
    assert error.count("left out, because it cannot be loaded") == 3
    assert "3 other pipeline files cannot be loaded" in error


def test_a_pipeline_without_stages_has_nothing_to_do(tmp_path: Path, pivot, write) -> None:
    write("pipeline.py", "from pivot.pipeline import Pipeline\npipeline = Pipeline('empty')\n")
    for words in (("run",), ("run", "--json"), ("run", "-n"), ("status",), ("list",), ("dag",)):
        result = pivot(*words)
        assert (result.exit_code, result.stdout) == (0, ""), words
    assert pivot("run").stderr == "Nothing to do: there are no stages\n"


def test_a_dry_run_cannot_be_watched(pivot) -> None:
    result = pivot("run", "--watch", "-n")
    assert result.exit_code == 2
    assert "--watch and --dry-run exclude each other" in result.stderr


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--resource", "gpu"], "expected NAME=AMOUNT, as in gpu=2, not 'gpu'"),
        (["--resource", "=2"], "expected NAME=AMOUNT"),
        (["--resource", "gpu=many"], "expected a number, or a size such as"),
        (["--timeout", "soon"], "expected a number of seconds, or a time such as"),
        (["--retries", "-1"], "--retries"),
    ],
)
def test_what_a_run_is_given_must_make_sense(pivot, words: list[str], what: str) -> None:
    result = pivot("run", *words)
    assert result.exit_code == 2
    assert what in result.stderr


@pytest.mark.usefixtures("project")
def test_what_a_run_is_given_reaches_it(pivot) -> None:
    told = pivot("run", "--json", "--resource", "gpu=2", "--resource", "memory=1G", "--retries", "1", "--timeout", "1m")
    options = json.loads(told.stdout.splitlines()[0])["options"]
    assert options == {"retries": 1, "timeout": 60.0, "resources": {"gpu": 2.0, "memory": 1024.0**3}}
