import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pivot.cache import CacheError, ReadOnlyError
from pivot.cache.layout import Layout, open_layout
from pivot.cache.records import Records


@pytest.fixture
def records(root):
    open_layout(Layout(str(root)))
    return Records(Layout(str(root)), durable=False, writable=True)


def _files(root):
    return [path for path in (root / "records").rglob("*") if path.is_file()]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(),
    st.dictionaries(
        st.text(max_size=9),
        st.recursive(st.none() | st.integers() | st.text(max_size=9), lambda each: st.lists(each, max_size=3)),
    ),
)
def test_any_key_and_data_are_given_back(records, key, data):
    records.forget(key)
    records.remember(key, data)
    assert records.recall(key) == data
    assert (key, data) in [(record.key, record.data) for record in records]


def test_the_first_writer_wins(records, root):
    assert records.remember("k", {"is": "first"})
    assert not records.remember("k", {"is": "second"})
    assert records.recall("k") == {"is": "first"}
    [path] = _files(root)
    assert path.stat().st_mode & 0o777 == 0o444


def test_what_was_never_remembered_is_none(records):
    assert records.recall("k") is None
    assert not records.forget("k")


def test_a_key_is_never_a_path(records, root):
    records.remember("../../../x", {"is": ""})
    [path] = _files(root)
    assert len(path.name) == 63


@pytest.mark.parametrize("place", [0, 20, 30, -1])
def test_a_damaged_record_is_a_miss_and_the_next_writer_replaces_it(records, root, vandalise, place):
    records.remember("k", {"is": "first"})
    [path] = _files(root)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    vandalise(path, bytes(data))
    assert records.recall("k") is None
    assert list(records) == []
    records.remember("k", {"is": "second"})
    assert records.recall("k") == {"is": "second"}


@pytest.mark.parametrize("data", [b"", b"\n", b"pivot-record 1 x y\n", b"pivot-record 1 99 00\nk", b"\0" * 100])
def test_garbage_is_a_miss(records, root, vandalise, data):
    records.remember("k", {"is": "first"})
    vandalise(_files(root)[0], data)
    assert records.recall("k") is None


def test_a_record_in_the_place_of_another_is_a_miss(records, root):
    records.remember("a", {"is": "1"})
    [path] = _files(root)
    records.forget("a")
    records.remember("b", {"is": "2"})
    os.makedirs(path.parent, exist_ok=True)
    os.rename(_files(root)[0], path)
    assert records.recall("a") is None


def test_what_is_no_file_is_a_miss(records, root):
    records.remember("k", {"is": "first"})
    [path] = _files(root)
    for make in (os.mkdir, os.mkfifo, lambda path: os.symlink("/dev/zero", path)):
        records._set_aside(str(path))
        make(path)
        assert records.recall("k") is None
    records.remember("k", {"is": "second"})
    assert records.recall("k") == {"is": "second"}
    (root / "records" / "stray").touch()
    assert [record.key for record in records] == ["k"]


def test_a_place_that_cannot_be_freed_is_an_error(records, root):
    class Stuck(Records):
        """Records in a folder where nothing can be moved away."""

        def _set_aside(self, path):
            pass

    stuck = Stuck(Layout(str(root)), durable=True, writable=True)
    stuck.remember("k", {"is": "first"})
    path = _files(root)[0]
    path.unlink()
    path.write_bytes(b"junk")
    with pytest.raises(CacheError, match="cannot be replaced"):
        stuck.remember("k", {"is": "second"})


def test_setting_aside_what_is_gone_is_fine(records, root):
    records._set_aside(str(root / "records" / "ab" / "cd"))


def test_a_store_that_may_not_be_written_to_recalls_only(records, root):
    records.remember("k", {"is": "first"})
    reader = Records(Layout(str(root)), durable=False, writable=False)
    assert reader.recall("k") == {"is": "first"}
    with pytest.raises(ReadOnlyError):
        reader.remember("k2", {"is": ""})
