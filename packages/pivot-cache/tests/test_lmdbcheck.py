import os

import pytest

from pivot.cache.lmdbcheck import is_sound, last_page_bytes
from pivot.cache.lmdbrows import LmdbRows, Place


@pytest.fixture
def folder(tmp_path):
    rows = LmdbRows(Place(str(tmp_path), str(tmp_path / "index"), "batch"))
    rows.write({b"%05d" % number: b"v" * 100 for number in range(500)})
    rows.close()
    return tmp_path / "index"


def test_a_whole_file_is_sound(folder):
    assert is_sound(str(folder))
    assert last_page_bytes(str(folder)) <= (folder / "data.mdb").stat().st_size


def test_nothing_is_sound(tmp_path):
    assert is_sound(str(tmp_path / "none"))
    (tmp_path / "empty").mkdir()
    assert is_sound(str(tmp_path / "empty"))


def test_a_file_cut_at_any_page_is_not_sound(folder):
    size = (folder / "data.mdb").stat().st_size
    for length in [*range(0, size, 4096), 1, 100, 5000, size - 1]:
        os.truncate(folder / "data.mdb", length)
        assert not is_sound(str(folder)), length
        os.truncate(folder / "data.mdb", size)


@pytest.mark.parametrize("place", [16, 20, 40, 4096 + 16])
def test_a_damaged_head_is_not_sound(folder, place):
    with open(folder / "data.mdb", "r+b") as file:
        file.seek(place)
        file.write(b"\xff" * 4)
    assert not is_sound(str(folder))


@pytest.mark.parametrize("name", ["data.mdb", "lock.mdb"])
def test_what_is_no_plain_file_is_not_sound(folder, name):
    (folder / name).unlink()
    (folder / name).mkdir()
    assert not is_sound(str(folder))
    (folder / name).rmdir()
    os.mkfifo(folder / name)
    assert not is_sound(str(folder))
    (folder / name).unlink()
    (folder / name).symlink_to("/dev/zero")
    assert not is_sound(str(folder))


def test_a_missing_lock_file_is_sound(folder):
    (folder / "lock.mdb").unlink()
    assert is_sound(str(folder))


def test_a_folder_that_is_none_is_not_sound(folder, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(folder)
    assert not is_sound(str(tmp_path / "file"))
    assert not is_sound(str(tmp_path / "link"))
