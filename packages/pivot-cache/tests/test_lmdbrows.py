import os

import lmdb
import pytest
from faults_children import fork, result

from pivot.cache.lmdbrows import IndexLostError, LmdbRows, Place, open_rows
from pivot.cache.locks import locked


@pytest.fixture
def place(tmp_path):
    return Place(str(tmp_path), str(tmp_path / "index"), "batch", map_size=64 << 10)


def _many(start, count=2000):
    return {b"%08d" % number: b"v" * 100 for number in range(start, start + count)}


def test_the_map_grows_when_it_is_full(place):
    rows = open_rows(place)
    wanted = {}
    for start in range(0, 10_000, 2000):
        wanted |= _many(start)
        rows.write(_many(start))
    assert rows.get_many(wanted) == list(wanted.values())
    rows.close()


def test_a_map_that_another_process_has_grown_is_followed(place, start):
    rows = open_rows(place)
    rows.write({b"mine": b"1"})
    source = (
        "import sys\nfrom pivot.cache.lmdbrows import *\n"
        "rows = open_rows(Place(sys.argv[1], sys.argv[1] + '/index', 'batch', map_size=64 << 10))\n"
        "assert rows.kind == 'lmdb'\n"
        "rows.write({b'%08d' % n: b'v' * 100 for n in range(5000)})\nrows.close()\n"
    )
    process = start(source, place.root)
    assert process.wait() == 0, process.stderr.read()
    assert rows.get_many([b"mine", b"00004999"]) == [b"1", b"v" * 100]
    rows.write({b"more": b"2"})
    assert rows.get_many([b"more"]) == [b"2"]
    rows.close()


def test_an_index_beyond_its_limit_is_put_away_and_starts_anew(place):
    place.limit = 256 << 10
    rows = open_rows(place)
    with pytest.raises(IndexLostError):
        rows.write(_many(0, 5000))
    assert [name[:6] for name in os.listdir(f"{place.root}/quarantine")] == ["index-"]
    fresh = open_rows(place)
    assert fresh.kind == "lmdb"
    assert fresh.get_many([b"00000000"]) == [None]
    fresh.close()


def test_a_second_table_in_one_process_is_in_memory(place):
    first = open_rows(place)
    second = open_rows(place)
    assert (first.kind, second.kind) == ("lmdb", "memory")
    first.close()


@pytest.mark.parametrize("damage", ["cut", "zeroed", "noise", "fifo", "folder is a file"])
def test_a_broken_index_is_put_away_and_replaced(place, damage):
    rows = open_rows(place)
    rows.write(_many(0))
    rows.close()
    _damage(place.folder, damage)
    rows = open_rows(place)
    assert rows.kind == "lmdb"
    assert rows.get_many([b"00000000"]) == [None]
    rows.close()
    assert len(os.listdir(f"{place.root}/quarantine")) == 1


def _damage(folder, damage):
    data = f"{folder}/data.mdb"
    if damage == "cut":
        os.truncate(data, os.stat(data).st_size // 2)
    elif damage == "zeroed":
        with open(data, "r+b") as file:
            file.write(bytes(8192))
    elif damage == "noise":
        with open(data, "wb") as file:
            file.write(os.urandom(20_000))
    elif damage == "fifo":
        os.unlink(data)
        os.mkfifo(data)
    else:
        os.rename(folder, f"{folder}.old")
        with open(folder, "wb"):
            pass


def test_flipped_bits_inside_never_stop_it(place):
    rows = open_rows(place)
    rows.write(_many(0, 300))
    rows.close()
    with open(f"{place.folder}/data.mdb", "r+b") as file:
        size = os.stat(place.folder + "/data.mdb").st_size
        for offset in range(8192, size, 997):
            file.seek(offset)
            file.write(b"\x5a")
    rows = open_rows(place)
    try:
        rows.get_many(_many(0, 300))
        rows.write({b"new": b"1"})
    except IndexLostError:
        assert open_rows(place).get_many([b"new"]) == [None]
    else:
        rows.close()


def test_an_index_of_another_version_is_put_away(place):
    rows = open_rows(place)
    rows.close()
    with open(f"{place.folder}/data.mdb", "r+b") as file:
        for page in (0, 4096):
            file.seek(page + 20)
            file.write(b"\x02\0\0\0")
    assert open_rows(place).kind == "lmdb"


def test_unsynced_rows_do_not_survive_a_reboot(place):
    place.durability = "off"
    rows = open_rows(place)
    rows.write({b"a": b"1"})
    rows.close()
    rows = open_rows(place)
    assert rows.get_many([b"a"]) == [b"1"]
    rows.close()
    with open(f"{place.folder}/unsynced", "wb") as file:
        file.write(b"another boot")
    rows = open_rows(place)
    assert rows.get_many([b"a"]) == [None]
    rows.close()


def test_rows_are_dropped_rather_than_waiting_for_a_stopped_writer(place):
    place.patience = 0.01
    rows = open_rows(place)
    with locked(place.lock("write")):
        rows.write({b"a": b"1"})
    assert rows.get_many([b"a"]) == [None]
    rows.close()


def test_a_lock_that_is_not_given_makes_rows_in_memory(place):
    place.patience = 0.01
    with locked(place.lock("open")):
        assert open_rows(place).kind == "memory"


def test_a_table_that_fails_in_use_is_lost(place):
    rows = LmdbRows(place)
    rows.close()
    with pytest.raises(IndexLostError):
        rows.get_many([b"a"])


def test_a_limited_address_space_gets_a_smaller_map(place, start):
    source = (
        "import resource, sys\nfrom pivot.cache.lmdbrows import *\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))\n"
        "rows = open_rows(Place(sys.argv[1], sys.argv[1] + '/index', 'batch'))\n"
        "rows.write({b'a': b'1'}); print(rows.kind)\n"
    )
    out, errors = start(source, place.root).communicate()
    assert out.strip() == b"lmdb", errors


def test_this_is_the_lmdb_that_the_check_was_written_for():
    assert lmdb.version()[:2] == (0, 9)


_WRITERS, _ROWS, _TOGETHER, _VALUE = 8, 8_000, 1000, 1000


def _write_slice(place, number):
    rows = _opened(place)
    mine = {b"%d-%d" % (number, row): bytes([number]) * _VALUE for row in range(_ROWS)}
    keys = list(mine)
    for start in range(0, _ROWS, _TOGETHER):
        rows.write({key: mine[key] for key in keys[start : start + _TOGETHER]})
        assert rows.get_many(keys[: start + _TOGETHER]) == [bytes([number]) * _VALUE] * len(keys[: start + _TOGETHER])
    rows.close()


def _opened(place):
    # What the system refuses for a moment, where it is overloaded, is asked for again: that is not the rule here.
    for _ in range(5):
        if (rows := open_rows(place)).kind == "lmdb":
            return rows
    pytest.fail(f"the index cannot be opened: {rows.why}")


def test_eight_writers_lose_no_row_while_the_map_grows_a_thousandfold(place):
    # Fails if `MapResizedError` is not followed, or `MapFullError` does not grow the map.
    place.patience = 60.0
    place.durability = "off"  # thousands of waits for the disk would prove nothing more
    writers = [fork(lambda number=number: _write_slice(place, number), 120) for number in range(_WRITERS)]
    for writer in writers:
        result(writer)
    rows = open_rows(place)
    for number in range(_WRITERS):
        assert rows.get_many(b"%d-%d" % (number, row) for row in range(_ROWS)) == [bytes([number]) * _VALUE] * _ROWS
    assert os.stat(f"{place.folder}/data.mdb").st_size > 1000 * place.map_size
    rows.close()
