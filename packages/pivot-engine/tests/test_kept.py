"""A file stays open as long as it is the one that was opened, and nobody else has it."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pivot.executor.kept import KeptOpen


class Counted(KeptOpen):
    """Counts how often it opened a file."""

    def __init__(self) -> None:
        self.times = 0
        super().__init__(self._open)

    def _open(self, path: str) -> int:
        self.times += 1
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)


@pytest.fixture
def kept() -> Iterator[Counted]:
    with closing(Counted()) as kept:
        yield kept


def test_it_is_opened_once_and_another_one_in_its_place(kept: Counted, tmp_path: Path) -> None:
    one, other = str(tmp_path / "one"), str(tmp_path / "other")
    first = kept.at(one)
    assert kept.at(one) == first
    assert kept.times == 1
    assert os.path.samestat(os.fstat(kept.at(other)), os.stat(other))
    assert kept.times == 2


def test_one_that_was_removed_is_opened_anew(kept: Counted, tmp_path: Path) -> None:
    path = tmp_path / "file"
    kept.at(str(path))
    path.unlink()
    assert os.path.samestat(os.fstat(kept.at(str(path))), path.stat())


def test_a_descriptor_that_was_closed_or_is_another_file_now_is_not_taken_for_it(kept: Counted, tmp_path: Path) -> None:
    path, mine = str(tmp_path / "file"), str(tmp_path / "mine")
    os.close(kept.at(path))
    descriptor = kept.at(path)
    assert os.path.samestat(os.fstat(descriptor), os.stat(path))
    of_the_user = os.open(mine, os.O_RDWR | os.O_CREAT)
    os.dup2(of_the_user, descriptor)
    assert os.path.samestat(os.fstat(kept.at(path)), os.stat(path))
    for number in (of_the_user, descriptor):
        assert os.path.samestat(os.fstat(number), os.stat(mine)), "it is left alone"
        os.close(number)


def test_what_could_not_be_opened_is_tried_again(kept: Counted, tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    kept.at(str(tmp_path / "file"))
    with pytest.raises(FileNotFoundError):
        kept.at(str(path))
    path.parent.mkdir()
    assert os.path.samestat(os.fstat(kept.at(str(path))), path.stat())


def test_a_file_that_a_forked_child_has_too_is_opened_anew(kept: Counted, tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    kept.at(path)
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    kept.at(path)
    kept.at(path)
    assert kept.times == 2
