import os
import threading

import pytest

from pivot.cache.index import Index
from pivot.cache.lmdbrows import IndexLostError, Place, open_rows
from pivot.cache.rows import MemoryRows, checked


@pytest.fixture
def place(tmp_path):
    return Place(str(tmp_path), str(tmp_path / "index"), "batch")


@pytest.fixture
def index(place):
    made = Index(lambda: open_rows(place))
    yield made
    made.close()


class BrokenRows:
    """A table that fails at every use."""

    kind = "lmdb"

    def get_many(self, keys):
        raise IndexLostError

    def write(self, rows):
        raise IndexLostError

    def close(self):
        """Nothing is open."""


def test_what_is_pending_is_seen_before_what_is_written(index):
    index.put(b"a", b"1")
    index.put(b"b", b"1")
    index.flush()
    index.put(b"a", b"2")
    index.put(b"b", None)
    assert index.get_many([b"b", b"a", b"c"]) == [None, b"2", None]


def test_closing_writes_and_the_next_use_opens_again(index):
    index.put(b"a", b"1")
    index.close()
    assert index.get(b"a") == b"1"
    assert index.kind == "lmdb"


def test_many_rows_are_written_without_being_asked():
    rows = MemoryRows()
    index = Index(lambda: rows)
    for number in range(10_000):
        index.put(b"%d" % number, b"")
    assert rows.get_many([b"7"]) == [checked(b"7", b"")]


def test_a_damaged_row_is_a_miss():
    # Fails if `get_many` gives a row without its checksum being right.
    rows = MemoryRows()
    rows.write({b"a": b"no checksum at all"})
    assert Index(lambda: rows).get(b"a") is None


def test_a_broken_table_is_replaced_by_memory():
    index = Index(BrokenRows)
    assert index.get(b"a") is None
    index.put(b"a", b"1")
    index.flush()
    assert index.get(b"a") == b"1"
    assert index.kind == "memory"


def test_rows_that_a_broken_table_did_not_take_are_kept():
    index = Index(BrokenRows)
    index.put(b"a", b"1")
    index.flush()
    assert index.get(b"a") == b"1"


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_parent_and_child_can_both_use_it_after_a_fork(index):
    index.put(b"a", b"1")
    index.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if index.get(b"a") == b"1" and index.kind == "lmdb":
                index.put(b"b", b"2")
                index.flush()
                code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert index.get_many([b"a", b"b"]) == [b"1", b"2"]


def test_threads_share_it(index):
    def write(start):
        for number in range(start, start + 500):
            index.put(b"%d" % number, b"%d" % number)
            assert index.get(b"%d" % number) == b"%d" % number

    threads = [threading.Thread(target=write, args=(start,)) for start in range(0, 4000, 500)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    index.flush()
    keys = [b"%d" % number for number in range(4000)]
    assert index.get_many(keys) == keys
