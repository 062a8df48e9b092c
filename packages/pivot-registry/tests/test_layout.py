"""Where things lie."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pivot.registry.layout import project_root_of, state_dir_of


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    def make(*paths: str) -> Path:
        for path in ("a/b/c", *paths):
            place = tmp_path / path
            (place.parent if place.suffix else place).mkdir(parents=True, exist_ok=True)
            if place.suffix:
                place.touch()
        return tmp_path

    return make


def found(root: Path, **environ: str) -> str:
    surroundings = {"HOME": str(root), **environ}
    return project_root_of(root / "a/b/c", surroundings).relative_to(root).as_posix()


def test_state_lies_below_the_root(tmp_path: Path) -> None:
    assert state_dir_of(tmp_path) == tmp_path / ".pivot"


def test_the_nearest_configuration_marks_the_project(tree: Callable[..., Path]) -> None:
    assert found(tree("a/.pivot/config.yaml", "a/b/.pivot/config.yaml", ".pivot", ".git")) == "a/b"


def test_without_one_the_topmost_state_directory_does(tree: Callable[..., Path]) -> None:
    assert found(tree("a/.pivot", "a/b/.pivot")) == "a"


def test_a_state_directory_above_the_repository_is_another_project(tree: Callable[..., Path]) -> None:
    assert found(tree(".pivot", "a/.git", "a/b/.pivot")) == "a/b"


def test_a_state_directory_above_home_is_anothers(tree: Callable[..., Path]) -> None:
    root = tree(".pivot", "a/b/.pivot")
    assert found(root, HOME=str(root / "a")) == "a/b"


def test_else_the_repository_is_the_project(tree: Callable[..., Path]) -> None:
    assert found(tree("a/.git")) == "a"


def test_else_where_one_is(tree: Callable[..., Path]) -> None:
    assert found(tree()) == "a/b/c"


def test_the_environment_outdoes_all(tree: Callable[..., Path]) -> None:
    root = tree("a/.pivot/config.yaml")
    assert found(root, PIVOT_PROJECT_ROOT=str(root / "a/b")) == "a/b"


def test_a_state_directory_among_everybodys_temporary_files_marks_nothing(tree: Callable[..., Path]) -> None:
    root = tree(".pivot", "a/.git")
    root.chmod(0o1777)
    start = root / "a/b/c"
    assert project_root_of(start, {}) == root / "a"
    (root / "a/.git").rmdir()
    assert project_root_of(start, {}) == start
