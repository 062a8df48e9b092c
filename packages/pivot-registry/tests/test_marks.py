"""Rules for when a file need not be read again."""

import os
from pathlib import Path

from pivot.registry.marks import COARSE_NS, TICK_NS, Mark, is_settled, see, still

LATER = 10**20


def test_a_file_with_the_same_settled_mark_is_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("x")
    seen = see(str(path), LATER)
    assert seen is not None
    assert seen.settled
    assert still(str(path), seen, 0) is seen


def test_a_touched_file_with_the_same_content_is_the_same_with_a_new_mark(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("x")
    seen = see(str(path), LATER)
    assert seen is not None
    os.utime(path, ns=(1, 1))
    fresh = still(str(path), seen, LATER)
    assert fresh is not None
    assert fresh is not seen
    assert fresh.digest == seen.digest
    assert fresh.mtime_ns == 1


def test_a_changed_file_is_not_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("x")
    seen = see(str(path), LATER)
    assert seen is not None
    path.write_text("y")
    assert still(str(path), seen, LATER) is None


def test_a_vanished_file_is_not_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("x")
    seen = see(str(path), LATER)
    assert seen is not None
    path.unlink()
    assert still(str(path), seen, LATER) is None


def test_an_edit_that_keeps_size_and_mtime_shows(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("x")
    status = path.stat()
    seen = see(str(path), LATER)
    assert seen is not None
    seen = seen._replace(ctime_ns=seen.ctime_ns - 1)  # as if the edit had come a tick later
    path.write_text("y")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert still(str(path), seen, LATER) is None


def test_a_file_modified_just_before_it_was_read_is_not_settled(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("x")
    seen = see(str(path), path.stat().st_ctime_ns + TICK_NS)
    assert seen is not None
    assert not seen.settled


def test_an_unsettled_file_is_read_again_even_with_the_same_mark(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("x")
    seen = see(str(path), 0)
    assert seen is not None
    assert still(str(path), seen._replace(digest="another"), 0) is None


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    assert see(str(tmp_path), 0) is None


def test_clocks_that_keep_seconds_settle_later() -> None:
    mark = Mark(5_000_000_000, 5_000_000_000, 1, 1)
    assert not is_settled(mark, mark.mtime_ns + TICK_NS + 1)
    assert is_settled(mark, mark.mtime_ns + COARSE_NS + 1)
