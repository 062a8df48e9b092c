"""Where a pipeline is written."""

import subprocess
import sys
from pathlib import Path

import pytest

from pivot.pipeline import Pipeline
from pivot.pipeline.caller import root_of_caller
from pivot.registry.errors import DefinitionError

SCRIPT = 'from pivot.pipeline import Pipeline\npipeline = Pipeline("a")\nprint(pipeline.root)\n'


def _run(*arguments: str, directory: Path, text: str | None = None) -> Path:
    command = [sys.executable, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=directory, input=text)
    return Path(run.stdout.strip())


def test_a_script_is_where_its_file_lies(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/pipeline.py").write_text(SCRIPT)
    assert _run("sub/pipeline.py", directory=tmp_path) == tmp_path / "sub"


def test_a_link_to_a_file_belongs_to_where_the_link_is(tmp_path: Path) -> None:
    for name in ("shared", "sub"):
        (tmp_path / name).mkdir()
    (tmp_path / "shared/pipeline.py").write_text(SCRIPT)
    (tmp_path / "sub/pipeline.py").symlink_to(tmp_path / "shared/pipeline.py")
    assert _run("sub/pipeline.py", directory=tmp_path) == tmp_path / "sub"


def test_without_a_file_it_is_the_current_directory(tmp_path: Path) -> None:
    assert _run("-", directory=tmp_path, text=SCRIPT) == tmp_path


def test_a_subclass_belongs_to_where_it_is_made(tmp_path: Path) -> None:
    class Mine(Pipeline):
        def __init__(self) -> None:
            super().__init__("mine")

    space: dict[str, object] = {"__file__": str(tmp_path / "sub.py"), "Pipeline": Pipeline}
    exec("made = Pipeline('a')", space)
    assert isinstance(space["made"], Pipeline)
    assert space["made"].root == tmp_path
    assert Mine().root == Path(__file__).parent


def test_a_relative_root_is_relative_to_the_file() -> None:
    assert Pipeline("a", "sub").root == Path(__file__).parent / "sub"
    assert root_of_caller("..") == Path(__file__).parent.parent


def test_a_file_cannot_be_a_root() -> None:
    with pytest.raises(DefinitionError, match="the root of a pipeline must be a directory"):
        Pipeline("a", __file__)
