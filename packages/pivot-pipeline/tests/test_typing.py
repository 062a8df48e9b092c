"""Isolation by type: what must not be mixed up does not type-check."""

import subprocess
import sys
from pathlib import Path

import pytest

WRONG = Path(__file__).parent / "typing/wrong_uses.py"


def test_wrong_uses_are_refused_by_the_type_checker(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    options = ["--strict", "--warn-unused-ignores", "--namespace-packages", "--explicit-package-bases"]
    options += ["--follow-imports=silent"]  # what is wrong elsewhere is found elsewhere
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\nmypy_path = " + ":".join(_sources()) + "\n")
    command = [sys.executable, "-m", "mypy", "--config-file", str(config), "--cache-dir", str(tmp_path), *options]
    run = subprocess.run([*command, str(WRONG)], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr


def _sources() -> list[str]:
    import pivot

    return [str(Path(place).parent) for place in pivot.__path__]
