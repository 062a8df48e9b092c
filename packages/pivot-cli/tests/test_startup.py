"""What a command imports is part of its design: each import costs every call."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"pydantic", "networkx", "loky", "cloudpickle", "rich", "yaml", "pandas", "numpy", "lmdb", "blake3", "asyncio"}

REPORT = """
import sys
before = set(sys.modules)  # what measures coverage has imports of its own
import json
from pivot.cli.group import cli
code = cli.main(json.loads(sys.argv[1]), standalone_mode=False)
print(json.dumps([code, sorted(set(sys.modules) - before)]), file=sys.stderr)
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


PIPELINE = """
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline
import mine

pipeline = Pipeline("one")
TEXT = loaders.Text()

@pipeline.stage()
def copy(text: Annotated[str, outputs.Dep("a.txt", TEXT)]) -> Annotated[str, outputs.Out("b.txt", TEXT)]:
    return mine.same(text)
"""


@pytest.fixture(scope="module")
def up_to_date(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with settings, in which everything was run and found up to date."""
    root = tmp_path_factory.mktemp("project")
    (root / ".pivot").mkdir()
    (root / ".pivot" / "config.yaml").write_text("run: {jobs: 1}\n")
    (root / "pipeline.py").write_text(PIPELINE)
    (root / "mine.py").write_text("def same(text):\n    return text\n")
    (root / "a.txt").write_text("a")
    modules_of(root, "run")
    modules_of(root, "run")
    return root


@pytest.mark.parametrize(
    "words",
    [
        ("run",),
        ("status",),
        ("status", "--json"),
        ("list",),
        ("run", "-n"),
        ("log",),
        ("log", "last"),
        ("logs", "copy"),
    ],
)
def test_a_command_that_finds_everything_up_to_date_imports_nothing_heavy(
    up_to_date: Path, words: tuple[str, ...]
) -> None:
    modules = modules_of(up_to_date, *words)
    assert not modules & {"pydantic", "networkx", "loky", "cloudpickle", "rich", "yaml", "numpy", "pandas"}
    assert not modules & {"pipeline", "mine"}


def test_an_up_to_date_run_imports_nothing_that_it_can_do_without(up_to_date: Path) -> None:
    assert not modules_of(up_to_date, "run") & {"dataclasses", "shutil", "tempfile", "subprocess", "pivot.outputs"}
