"""The README shows the command as it is."""

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_the_example_of_the_readme_runs_as_shown(tmp_path: Path) -> None:
    example = README.read_text(encoding="utf-8").split("```console\n")[1].split("```")[0]
    lines = example.splitlines()
    script = "\n".join(line.removeprefix("$ ") for line in lines if line.startswith("$ "))
    command = f'set -e\npivot() {{ {sys.executable} -m pivot.cli "$@"; }}\n{script}'
    environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, env=environ, check=False
    )
    assert done.returncode == 0, done.stderr
    shown = [_untimed(line) for line in lines if not line.startswith("$ ")]
    said = [_untimed(line) for line in done.stderr.splitlines()]
    assert [line for line in shown if line not in said] == []


def _untimed(line: str) -> str:
    """Leave out what differs from run to run: durations."""
    return " ".join(re.sub(r"[\d.]+(ms|s)\b", "", line).split())
