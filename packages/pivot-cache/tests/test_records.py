import os
import stat

import pytest
from faults_children import fork, result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pivot.cache import CacheError, FullError, ReadOnlyError
from pivot.cache.layout import Layout, open_layout
from pivot.cache.recordlines import hashed
from pivot.cache.records import Records

KEY, SAME, OTHER = "k", "k1", "j"
"""Two keys of one file, and one of another."""


@pytest.fixture
def records(root):
    open_layout(Layout(str(root)))
    return Records(Layout(str(root)), durable=False, writable=True)


def _files(root):
    return [path for path in (root / "records").rglob("*") if path.is_file()]


def _flip(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(),
    st.dictionaries(
        st.text(max_size=9),
        st.recursive(st.none() | st.integers() | st.text(max_size=9), lambda each: st.lists(each, max_size=3)),
    ),
)
def test_any_key_and_data_are_given_back(records, key, data):
    records.forget([key])
    records.remember(key, data)
    assert records.recall(key) == data
    assert (key, data) in [(record.key, record.data) for record in records]


def test_the_first_writer_wins(records):
    assert records.remember(KEY, {"is": "first"})
    assert not records.remember(KEY, {"is": "second"})
    assert records.recall(KEY) == {"is": "first"}


def test_what_was_never_remembered_is_none(records, root):
    assert records.recall(KEY) is None
    assert records.forget([KEY]) == 0
    assert _files(root) == []


def test_a_key_is_never_a_path(records, root):
    records.remember("../../../x", {"is": ""})
    [path] = _files(root)
    assert len(path.name) == 2


def test_a_file_has_many_records_and_forgets_some(records, root):
    for key in (KEY, SAME, OTHER):
        records.remember(key, {"is": key})
    assert len(_files(root)) == 2
    assert records.forget([KEY, OTHER, "none"]) == 2
    assert [(record.key, record.data) for record in records] == [(SAME, {"is": SAME})]
    assert records.remember(KEY, {"is": "again"})
    assert (records.recall(SAME), records.recall(KEY)) == ({"is": SAME}, {"is": "again"})


@pytest.mark.parametrize("place", [0, 1, 20, 70, 100, 110, -1])
def test_a_damaged_record_is_a_miss_costs_no_other_and_the_next_writer_replaces_it(records, root, place):
    records.remember(KEY, {"is": "first"})
    [path] = _files(root)
    _flip(path, place)
    records.remember(SAME, {"is": "whole"})
    assert records.recall(KEY) is None
    assert [record.key for record in records] == [SAME]
    assert records.remember(KEY, {"is": "second"})
    assert records.recall(KEY) == {"is": "second"}
    assert records.recall(SAME) == {"is": "whole"}


@pytest.mark.parametrize("left", range(2, 120, 17))
def test_what_a_writer_has_left_unfinished_costs_no_other(records, root, left):
    records.remember(KEY, {"is": "first"})
    [path] = _files(root)
    os.truncate(path, path.stat().st_size - left)
    assert records.recall(KEY) is None
    records.remember(SAME, {"is": "whole"})
    assert records.recall(SAME) == {"is": "whole"}


def test_damaged_lines_go_when_others_are_forgotten(records, root):
    records.remember(KEY, {"is": "first"})
    [path] = _files(root)
    _flip(path, -1)
    records.remember(KEY, {"is": "second"})
    records.remember(SAME, {"is": "whole"})
    records.forget([SAME])
    assert path.read_bytes().count(b"\n") == 1
    assert records.recall(KEY) == {"is": "second"}


@pytest.mark.parametrize("data", [b"", b"\n", b"x y\n", b"\n" + b"0" * 64 + b" 00", b"\0" * 100])
def test_garbage_is_a_miss(records, root, data):
    records.remember(KEY, {"is": "first"})
    _files(root)[0].write_bytes(data)
    assert records.recall(KEY) is None
    assert list(records) == []
    assert records.forget([KEY]) == 0


def test_a_line_in_another_file_is_no_record(records, root):
    records.remember(KEY, {"is": "first"})
    [path] = _files(root)
    path.rename(path.with_name("stray"))
    records.remember(OTHER, {"is": "other"})
    _files(root)[0].with_name(hashed("a")[:2].decode()).write_bytes(path.with_name("stray").read_bytes())
    assert [record.key for record in records] == [OTHER]
    assert records.recall("a") is None


def test_a_line_under_another_key_is_a_miss(records, root):
    records.remember(KEY, {"is": "first"})
    [path] = _files(root)
    path.write_bytes(path.read_bytes().replace(hashed(KEY), hashed(SAME)))
    assert records.recall(SAME) is None


def test_what_is_no_file_is_a_miss_and_gets_out_of_the_way(records, root):
    place = root / "records" / hashed(KEY)[:2].decode()
    for number, make in enumerate((os.mkdir, os.mkfifo, lambda path: os.symlink("/dev/zero", path))):
        make(place)
        assert records.recall(KEY) is None
        assert list(records) == []
        assert records.remember(KEY, {"is": number})
        assert records.recall(KEY) == {"is": number}
        place.unlink()
    assert len(os.listdir(root / "quarantine")) == 3


def test_a_place_that_cannot_be_freed_is_an_error(records, root):
    class Stuck(Records):
        """Records in a folder where nothing can be moved away."""

        def _set_aside(self, path):
            pass

    (root / "records" / hashed(KEY)[:2].decode()).mkdir()
    stuck = Stuck(Layout(str(root)), durable=True, writable=True)
    with pytest.raises(CacheError, match="cannot be replaced"):
        stuck.remember(KEY, {"is": "first"})


def test_the_folder_is_made_anew_but_not_a_store_that_is_gone(records, root):
    (root / "records").rmdir()
    assert records.remember(KEY, {"is": "first"})
    root.rename(root.with_name("away"))
    with pytest.raises(FileNotFoundError):
        records.remember(KEY, {"is": "second"})


def test_a_writer_that_waited_while_a_file_was_replaced_writes_to_the_new_one(records, root):
    # Fails if `_taken` does not look whether the file has its name yet.
    class Overtaken(Records):
        """Records of which another process forgets some, just before they are locked."""

        def _taken(self, descriptor, path):
            records.forget([SAME])
            return super()._taken(descriptor, path)

    records.remember(KEY, {"is": "first"})
    records.remember(SAME, {"is": "gone"})
    assert Overtaken(Layout(str(root)), durable=False, writable=True).remember(SAME, {"is": "second"})
    assert (records.recall(KEY), records.recall(SAME)) == ({"is": "first"}, {"is": "second"})


def test_many_writers_lose_nothing_beside_one_who_forgets(records):
    # Fails if the file is not locked while it is replaced, or a writer does not look whether it was.
    def write(some):
        for key in some:
            records.remember(key, {"is": key})

    keys = [key for key in map(str, range(40_000)) if hashed(key)[:2] == hashed(KEY)[:2]]
    children = [fork(lambda number=number: write(keys[number::3])) for number in range(3)]
    for number in range(100):
        records.remember(KEY, {"is": number})
        records.forget([KEY])
    for child in children:
        result(child)
    assert [key for key in keys if records.recall(key) != {"is": key}] == []


def test_a_mode_that_forbids_is_changed_and_nothing_is_lost(records, root):
    records.remember(KEY, {"is": "first"})
    [path] = _files(root)
    for mode in (0o444, 0o000):
        path.chmod(mode)
        records._make_way(str(path), PermissionError())  # as root, a mode forbids nothing
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert records.recall(KEY) == {"is": "first"}


def test_a_full_disk_is_an_error_and_costs_no_other(records, root, monkeypatch):
    records.remember(KEY, {"is": "first"})
    real = os.write

    def half(descriptor, data):
        if len(data) < 50:
            raise OSError(28, "No space left on device")
        return real(descriptor, data[:50])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half)
        with pytest.raises(FullError, match="need"):
            records.remember(SAME, {"is": "second"})
    assert records.recall(SAME) is None
    assert records.recall(KEY) == {"is": "first"}
    assert records.remember(SAME, {"is": "third"})
    assert records.recall(SAME) == {"is": "third"}


def test_a_store_that_may_not_be_written_to_recalls_only(records, root):
    records.remember(KEY, {"is": "first"})
    reader = Records(Layout(str(root)), durable=False, writable=False)
    assert reader.recall(KEY) == {"is": "first"}
    with pytest.raises(ReadOnlyError):
        reader.remember(SAME, {"is": ""})
