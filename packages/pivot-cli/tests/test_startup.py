"""What a command imports is part of its design: each import costs every call."""

import json
import subprocess
import sys
from pathlib import Path

HEAVY = {"pydantic", "networkx", "loky", "rich", "yaml", "pandas", "numpy", "lmdb", "blake3", "asyncio"}

REPORT = """
import json, sys
from pivot.cli.group import cli
code = cli.main(json.loads(sys.argv[1]), standalone_mode=False)
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def modules_of(directory: Path, *words: str) -> set[str]:
    """Run a command in a process of its own, and give what it has imported."""
    done = subprocess.run(
        [sys.executable, "-c", REPORT, json.dumps(words)], cwd=directory, capture_output=True, text=True, check=True
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stderr
    return set(modules)


def test_help_imports_nothing_heavy_and_no_command(tmp_path: Path) -> None:
    modules = modules_of(tmp_path, "--help")
    assert not modules & HEAVY
    assert not [name for name in modules if name.startswith(("pivot.cli.commands.", "pivot.engine", "pivot.discovery"))]
