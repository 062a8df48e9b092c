import subprocess
from pathlib import Path

import pytest
from engine_fakes import stage

from pivot.engine.gitignore import ignore_outputs
from pivot.registry.definition import OutputKind


@pytest.fixture
def root(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    return tmp_path


def test_cached_outputs_are_ignored_and_metrics_are_not(root: Path) -> None:
    stages = [stage("p:a", root, (), ["model.bin"]), stage("p:b", root, (), ["m.json"], kind=OutputKind.METRIC)]
    ignore_outputs(stages, root)
    assert "/model.bin\n" in (root / ".gitignore").read_text()
    assert "m.json" not in (root / ".gitignore").read_text()


def test_the_users_lines_stay_and_the_block_grows_once(root: Path) -> None:
    (root / ".gitignore").write_text("mine")
    ignore_outputs([stage("p:a", root, (), ["b"])], root)
    first = (root / ".gitignore").read_text()
    ignore_outputs([stage("p:a", root, (), ["b"])], root)
    assert (root / ".gitignore").read_text() == first
    ignore_outputs([stage("p:b", root, (), ["a"])], root)
    assert (root / ".gitignore").read_text().splitlines()[0] == "mine"
    assert (root / ".gitignore").read_text().count("/a\n") == 1
    assert "/a\n/b\n" in (root / ".gitignore").read_text()


def test_lines_of_the_users_in_any_encoding_stay(root: Path) -> None:
    (root / ".gitignore").write_bytes(b"caf\xe9\n")
    ignore_outputs([stage("p:a", root, (), ["b"])], root)
    assert (root / ".gitignore").read_bytes().startswith(b"caf\xe9\n")


@pytest.mark.parametrize("name", ["a b", "[x]", "x*", "!x", "#x"])
def test_names_that_git_would_take_for_patterns_are_ignored_as_they_are(root: Path, name: str) -> None:
    (root / name).touch()
    ignore_outputs([stage("p:a", root, (), [name])], root)
    done = subprocess.run(["git", "check-ignore", "-q", name], cwd=root)
    assert done.returncode == 0


def test_outputs_are_ignored_in_a_directory_that_is_not_there_yet(root: Path) -> None:
    ignore_outputs([stage("p:a", root, (), ["models/new/model.bin"])], root)
    done = subprocess.run(["git", "check-ignore", "-q", "models/new/model.bin"], cwd=root)
    assert done.returncode == 0


def test_a_file_where_a_directory_should_be_is_left_to_the_stage(root: Path) -> None:
    (root / "models").write_text("mine")
    ignore_outputs([stage("p:a", root, (), ["models/model.bin", "models/new/model.bin"])], root)
    assert (root / "models").read_text() == "mine"


def test_outside_git_nothing_is_written(tmp_path: Path) -> None:
    ignore_outputs([stage("p:a", tmp_path, (), ["x"])], tmp_path)
    assert not (tmp_path / ".gitignore").exists()
