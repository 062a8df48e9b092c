"""What only a process of its own shows: exit codes, closed streams, poor environments."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PIVOT = [sys.executable, "-m", "pivot.cli"]


def shell(script: str, directory: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which `pivot` is the command."""
    command = f'pivot() {{ {" ".join(PIVOT)} "$@"; }}\n{script}'
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "COVERAGE_PROCESS_START") if name in os.environ}
    return subprocess.run(
        ["bash", "-c", command], cwd=directory, capture_output=True, text=True, env={**keep, **environ}, check=False
    )


def test_the_exit_code_reaches_the_shell(tmp_path: Path) -> None:
    assert shell("pivot help exit-codes", tmp_path).returncode == 0
    assert shell("pivot nosuch", tmp_path).returncode == 2


def test_a_reader_that_goes_away_ends_the_command_quietly(tmp_path: Path) -> None:
    # The reader has ended before the command begins.
    done = shell("exec 3> >(exit); wait $!; pivot completion bash >&3; echo $?", tmp_path)
    assert done.stdout.strip() == "141"
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_behind_stdout_is_an_error(tmp_path: Path) -> None:
    done = shell("pivot completion bash > /dev/full", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("pivot: error: <stdout>: No space left on device\n")
    assert "Exception" not in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_error(tmp_path: Path, closed: str) -> None:
    assert shell(f"pivot help exit-codes {closed}", tmp_path).returncode == 0


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_stages_run_where_streams_are_closed(tmp_path: Path, closed: str) -> None:
    (tmp_path / "go").touch()
    (tmp_path / "pipeline.py").write_text(SLOW)
    first = shell(f"PIVOT_PROJECT_ROOT=. pivot run {closed}", tmp_path)  # its workers are forked, where that is done
    again = shell(f"PIVOT_PROJECT_ROOT=. pivot run -f {closed}", tmp_path)  # these are started
    assert (first.returncode, again.returncode) == (0, 0)
    assert "Traceback" not in first.stderr + again.stderr
    assert json.loads((tmp_path / "2.json").read_text()) == "done"


@pytest.mark.parametrize(
    "environ",
    [
        {"LC_ALL": "C"},
        {"PYTHONIOENCODING": "ascii"},
        {"TERM": "dumb"},
        {"COLUMNS": "0"},
        {"COLUMNS": "-1"},
        {"HOME": ""},
    ],
)
def test_a_poor_environment_makes_poor_output_and_no_error(tmp_path: Path, environ: dict[str, str]) -> None:
    done = shell("pivot --help && pivot help targets", tmp_path, **environ)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_a_deleted_current_directory_is_an_error_in_one_line(tmp_path: Path) -> None:
    done = shell("mkdir gone && cd gone && rmdir ../gone && pivot list", tmp_path)
    assert done.returncode == 2
    assert "current directory cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


SLOW = """
import pathlib, time
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("slow")

@pipeline.stage()
def first() -> Annotated[str, outputs.Out("first.txt", loaders.Text())]:
    pathlib.Path("began").touch()
    while not pathlib.Path("go").exists():
        time.sleep(0.01)
    return "done"

@pipeline.stage()
def second(text: Annotated[str, outputs.Dep("first.txt", loaders.Text())]) -> Annotated[str, outputs.Metric("2.json")]:
    return text
"""


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run whose first stage has begun and waits for a file."""
    (tmp_path / ".pivot").mkdir()
    (tmp_path / ".pivot" / "config.yaml").touch()
    (tmp_path / "pipeline.py").write_text(SLOW)
    run = subprocess.Popen(
        [*PIVOT, "run"], cwd=tmp_path, stderr=subprocess.PIPE, text=True, preexec_fn=_default_signals
    )
    while not (tmp_path / "began").exists():
        assert run.poll() is None, run.stderr.read() if run.stderr else ""
    yield run
    (tmp_path / "go").touch()
    run.kill()
    run.wait()


def _default_signals() -> None:
    """A test that runs in the background has SIGINT ignored, and so would its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_after_an_interrupt_what_runs_may_finish_and_nothing_new_begins(
    slow: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert slow.stderr is not None
    slow.send_signal(signal.SIGINT)
    assert "interrupted: waiting for first" in slow.stderr.readline()
    (tmp_path / "go").touch()
    rest = slow.stderr.read()
    assert slow.wait() == 130, rest
    assert "1 ran, 1 not started" in rest
    assert (tmp_path / ".pivot" / "stages" / "first.lock").exists()
    assert not (tmp_path / "2.json").exists()


def test_a_second_interrupt_kills_and_leaves_nothing_half_written(slow: subprocess.Popen[str], tmp_path: Path) -> None:
    assert slow.stderr is not None
    slow.send_signal(signal.SIGINT)
    slow.stderr.readline()
    slow.send_signal(signal.SIGINT)
    rest = slow.stderr.read()
    assert slow.wait() == 130
    assert "Traceback" not in rest
    assert not (tmp_path / "first.txt").exists()
    assert not (tmp_path / ".pivot" / "stages" / "first.lock").exists()


def test_a_request_to_terminate_ends_the_run_with_its_own_code(slow: subprocess.Popen[str]) -> None:
    slow.send_signal(signal.SIGTERM)
    assert slow.stderr is not None
    rest = slow.stderr.read()
    assert slow.wait() == 143
    assert rest == "pivot: error: terminated (SIGTERM)\n"
