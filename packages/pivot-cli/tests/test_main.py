"""What only a process of its own shows: exit codes, closed streams, poor environments."""

import os
import subprocess
import sys
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
