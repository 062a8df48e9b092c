import os

import pytest

from pivot.cache import ChangedError
from pivot.cache.digest import name_of
from pivot.cache.sources import read_still


def test_a_file_that_changes_while_it_is_read_is_read_again(work):
    (work / "f").write_bytes(b"one")
    seen = []

    def read(descriptor, size):
        seen.append(os.pread(descriptor, 10, 0))
        if len(seen) == 1:
            (work / "f").write_bytes(b"other")
        return name_of(seen[-1])

    name, status = read_still(str(work / "f"), read)
    assert (name, status.size) == (name_of(b"other"), 5)


def test_a_file_that_keeps_changing_is_an_error(work):
    (work / "f").write_bytes(b"")

    def read(descriptor, size):
        with (work / "f").open("ab") as file:
            file.write(b"x")
        return name_of(b"")

    with pytest.raises(ChangedError, match="still writing"):
        read_still(str(work / "f"), read)
