import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pivot.registry.permission import remedy


def without(denied: dict[Path, int]) -> Callable[[str, int], bool]:
    """Permit everything but this; to root the system permits all."""
    return lambda path, flag: not denied.get(Path(path), 0) & flag


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "folder" / "file"
    made.parent.mkdir()
    made.touch()
    return made


def test_where_nothing_is_denied_there_is_no_remedy(file: Path) -> None:
    assert remedy(str(file), without({})) == remedy(str(file.parent / "new" / "file"), without({})) == ""


def test_the_nearest_place_that_lacks_a_permission_is_named(file: Path) -> None:
    folder = file.parent
    assert remedy(str(file), without({file: os.W_OK, folder: os.W_OK})) == f"chmod u+w {file}"
    assert remedy(str(file), without({folder: os.W_OK})) == f"chmod u+w {folder}"
    assert remedy(str(folder / "new" / "file"), without({folder: os.W_OK | os.X_OK})) == f"chmod u+wx {folder}"


def test_folders_further_up_need_only_be_passed(file: Path) -> None:
    above = file.parent.parent
    assert remedy(str(file), without({above: os.W_OK | os.R_OK})) == ""
    assert remedy(str(file), without({above: os.X_OK})) == f"chmod u+x {above}"
