"""What runs have replaced, and nobody else may have."""

import os
from pathlib import Path

from pivot.engine.trash import delete, thrown


def throw(state_dir: Path, run: str, stage: str, text: str, age: int) -> Path:
    place = state_dir / "trash" / run / stage
    (place / "out").mkdir(parents=True)
    (place / "out" / "a.txt").write_text(text)
    os.utime(place, (1000 - age, 1000 - age))
    return place


def test_what_is_in_the_trash_of_all_pipelines_is_listed_by_age_and_deleted_item_by_item(tmp_path: Path) -> None:
    young, old = throw(tmp_path / "a", "r1", "s", "four", 1), throw(tmp_path / "b", "r1", "s", "longer", 3)
    between = throw(tmp_path / "a", "r1", "t", "", 2)
    (tmp_path / "a" / "trash" / "a file").touch()  # somebody else's
    state_dirs = [tmp_path / "a", tmp_path / "b", tmp_path / "without"]
    found = thrown(state_dirs)
    assert found == [(old, 997.0, 6), (between, 998.0, 0), (young, 999.0, 4)]
    delete(found[:2])
    assert thrown(state_dirs) == found[2:]
    assert not old.parent.exists()
