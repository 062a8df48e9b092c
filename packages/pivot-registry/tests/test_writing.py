import os
import threading
from pathlib import Path

import pytest

from pivot.registry.writing import opened, read_regular, write_whole

ALONE = pytest.mark.parametrize("alone", [True, False])


@ALONE
def test_a_file_is_written_whole_and_nothing_else_is_left(tmp_path: Path, alone: bool) -> None:
    for data in (b"first", b"x" * 3_000_000, b""):
        write_whole(str(tmp_path / "new" / "file"), data, alone=alone)
        assert (tmp_path / "new" / "file").read_bytes() == data
    assert os.listdir(tmp_path / "new") == ["file"]


@ALONE
def test_what_a_killed_process_left_is_written_over(tmp_path: Path, alone: bool) -> None:
    (tmp_path / ".file.tmp").write_bytes(b"much more than there will be")
    write_whole(str(tmp_path / "file"), b"whole", alone=alone)
    assert (tmp_path / "file").read_bytes() == b"whole"
    assert os.listdir(tmp_path) == ["file"]


def test_what_cannot_be_written_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):  # noqa: PT011 - which one is the system's choice
        write_whole(str(tmp_path / "folder"), b"data")
    assert os.listdir(tmp_path) == ["folder"]


def test_many_writers_of_one_file_never_mix(tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    wrong: list[bytes] = []

    def write(letter: bytes) -> None:
        for _ in range(100):
            write_whole(path, letter * 5000)
            data = Path(path).read_bytes()
            if data != data[:1] * 5000:
                wrong.append(data)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert os.listdir(tmp_path) == ["file"]


@ALONE
def test_a_link_in_the_place_of_the_temporary_file_is_not_followed(tmp_path: Path, alone: bool) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / ".file.tmp").symlink_to("mine")
    with pytest.raises(OSError, match="file"):
        write_whole(str(tmp_path / "file"), b"data", alone=alone)
    assert (tmp_path / "mine").read_bytes() == b"mine"


def test_only_regular_files_are_read_and_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"data")
    assert read_regular(tmp_path / "file") == b"data"
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "endless").symlink_to("/dev/zero")
    for name in ("fifo", "endless"):
        with pytest.raises(OSError, match="not a regular file"):
            read_regular(tmp_path / name)
        with pytest.raises(OSError, match="not a regular file"):
            opened(str(tmp_path / name), os.O_RDWR | os.O_CREAT)
