"""Where changes may matter."""

from pathlib import Path

import pytest

from pivot.engine.ground import Ground


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in (
        ".pivot/config.yaml",
        ".pivot/cache/ab/cd",
        ".pivot/stages/train.lock",
        ".git/HEAD",
        "features/text.py",
        "features/__pycache__/text.pyc",
        "features/.pivot/state.db",
        "store/ab/cd",
        "data/.hidden/rows.csv",
        "env/pyvenv.cfg",
        "env/lib/thing.py",
    ):
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "project"


def ground_of(project: Path, *single: Path) -> Ground:
    return Ground((str(project),), tuple(map(str, single)), frozenset({f"{project}/store"}))


def test_what_tools_keep_for_themselves_is_left_out(project: Path) -> None:
    found = {Path(path).relative_to(project).as_posix() for path in ground_of(project).files()}
    assert found == {".pivot/config.yaml", "features/text.py", "data/.hidden/rows.csv"}


def test_of_pivots_own_directories_only_the_top_is_watched(project: Path) -> None:
    found = {Path(path).relative_to(project).as_posix() for path in ground_of(project).directories()}
    assert found == {".", ".pivot", "features", "features/.pivot", "data", "data/.hidden"}


def test_a_single_directory_is_watched_without_what_is_below_it(project: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").touch()
    found = ground_of(project / "features", tmp_path)
    assert str(tmp_path / "rows.csv") in found.files()
    assert str(project) not in found.directories()


def test_what_is_not_there_is_left_out(project: Path) -> None:
    assert ground_of(project / "gone", project / "gone too").directories() == []


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("features/text.py", True),
        (".pivot/config.yaml", True),
        (".pivot/state.db", False),
        ("features/__pycache__", False),
        (".git", False),
        ("store", False),
    ],
)
def test_a_change_of_what_is_left_out_means_nothing(project: Path, path: str, counts: bool) -> None:
    assert ground_of(project).counts(f"{project}/{path}") is counts
