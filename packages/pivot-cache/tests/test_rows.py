import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivot.cache.digest import Kind, Name
from pivot.cache.lmdbrows import LmdbRows, Place
from pivot.cache.rows import (
    MemoryRows,
    Seal,
    Summary,
    checked,
    packed_fact,
    unchanged,
    unpack_seal,
    unpack_summary,
    verified,
)
from pivot.cache.signature import Signature

_SIGNED = st.integers(-(2**63), 2**63 - 1)
_UNSIGNED = st.integers(0, 2**64 - 1)
_BYTES = st.binary(min_size=32, max_size=32)


@pytest.fixture(params=["memory", "lmdb"])
def rows(request, tmp_path):
    """Every table of rows passes these tests."""
    made = MemoryRows() if request.param == "memory" else LmdbRows(Place(str(tmp_path), f"{tmp_path}/index", "batch"))
    yield made
    made.close()


def test_rows_are_given_in_the_order_asked_for(rows):
    rows.write({b"a": b"1", b"b": b"2"})
    assert rows.get_many([b"b", b"x", b"a"]) == [b"2", None, b"1"]


def test_a_row_can_be_replaced_and_deleted(rows):
    rows.write({b"a": b"1", b"b": b"2"})
    rows.write({b"a": b"3", b"b": None, b"never": None})
    assert rows.get_many([b"a", b"b", b"never"]) == [b"3", None, None]


def test_a_table_names_what_holds_it(rows):
    assert rows.kind in ("memory", "lmdb")


@given(st.binary(max_size=20), st.binary(max_size=40), st.data())
def test_a_flipped_bit_makes_a_row_a_miss(key, value, data):
    stored = bytearray(checked(key, value))
    assert verified(key, bytes(stored)) == value
    place = data.draw(st.integers(0, len(stored) - 1))
    stored[place] ^= 1 << data.draw(st.integers(0, 7))
    assert verified(key, bytes(stored)) is None


@given(st.binary(max_size=30))
def test_garbage_is_a_miss(stored):
    assert verified(b"key", stored) is None
    assert verified(b"key", None) is None


def test_a_value_under_the_wrong_key_is_a_miss():
    assert verified(b"other", checked(b"key", b"value")) is None


@given(
    st.builds(Seal, _SIGNED, _SIGNED, _SIGNED, _UNSIGNED, st.binary(min_size=16, max_size=16), _UNSIGNED, st.just(7))
)
def test_a_seal_survives(seal):
    assert unpack_seal(seal.pack()) == seal


@given(st.builds(Signature, _SIGNED, _SIGNED, _SIGNED, _UNSIGNED, st.booleans()), _BYTES)
def test_a_fact_survives(seen, raw):
    name = Name(Kind.BLOB, raw.hex())
    assert unchanged(packed_fact(seen, name), seen) == name


@given(_BYTES, _BYTES, st.integers(0, 2**62))
def test_a_summary_survives(fingerprint, raw, size):
    summary = Summary(fingerprint, Name(Kind.TREE, raw.hex()), size)
    assert unpack_summary(summary.pack()) == summary


def test_rows_of_another_length_are_none():
    now = Signature(1, 2, 3, 4, executable=False)
    for unpack in (unpack_seal, unpack_summary, lambda row: unchanged(row, now)):
        assert unpack(None) is None
        assert unpack(os.urandom(3)) is None
