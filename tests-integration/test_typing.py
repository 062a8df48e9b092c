"""Isolation by type between the packages: what must not be mixed up does not type-check."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_wrong_uses_of_state_cache_and_engine_are_refused_by_the_type_checker(tmp_path: Path) -> None:
    config = tmp_path / "mypy.ini"
    sources = sorted(map(str, (HERE.parent / "packages").glob("*/src")))
    config.write_text(f"[mypy]\nmypy_path = {':'.join(sources)}\nignore_missing_imports = True\n")
    options = ["--strict", "--namespace-packages", "--explicit-package-bases", "--follow-imports=silent"]
    command = [sys.executable, "-m", "mypy", "--config-file", str(config), "--cache-dir", str(tmp_path), *options]
    done = subprocess.run(
        [*command, str(HERE / "typing" / "wrong_uses.py")], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
