"""An index whose files are anything but what LMDB wrote, and one whose writer is stopped; each case in a process."""

import contextlib
import logging
import os
import shutil
import signal
import struct

import pytest
from faults_children import fork, in_child, result
from faults_garbage import give_up_privileges

from pivot.cache import BusyError
from pivot.cache.lmdbrows import IndexLostError, LmdbRows, Place, open_rows
from pivot.cache.locks import locked

pytestmark = pytest.mark.faults

_ROWS = {b"%05d" % number: b"v" * 100 for number in range(300)}


@pytest.fixture
def place(tmp_path):
    made = Place(str(tmp_path), str(tmp_path / "index"), "batch", map_size=1 << 20)
    in_child(lambda: _write(made))
    return made


def _write(place):
    rows = open_rows(place)
    assert rows.kind == "lmdb"
    rows.write(_ROWS)
    rows.close()


def _use(place):
    """Read and write what may be there; give how much of it was."""
    rows = open_rows(place)
    assert rows.kind == "lmdb"
    found = rows.get_many(_ROWS)
    rows.write({b"new": b"1"})
    assert rows.get_many([b"new"]) == [b"1"]
    rows.close()
    return sum(value is not None for value in found)


def test_a_data_file_cut_at_any_page_is_put_away_and_never_a_signal(place, tmp_path):
    # Fails if `is_sound` always says yes (SIGBUS).
    whole = (tmp_path / "index/data.mdb").read_bytes()
    for length in range(0, len(whole), 4096):
        (tmp_path / "index/data.mdb").write_bytes(whole[:length])
        assert in_child(lambda: _use(place)) == 0, length
        shutil.rmtree(tmp_path / "quarantine")


def _text(path):
    path.write_text("not a database\n" * 1000)


def _other_endian(path):
    data = bytearray(path.read_bytes())
    for page in (0, 4096):
        swapped = struct.pack(">IIQQI", *struct.unpack_from("=IIQQI", data, page + 16))
        data[page + 16 : page + 16 + len(swapped)] = swapped
    path.write_bytes(data)


def _version_one(path):
    # The heads of LMDB 1.0: the next version of the format, in its own place.
    data = bytearray(path.read_bytes())
    for page in (0, 4096):
        struct.pack_into("=I", data, page + 20, 2)
    path.write_bytes(data)


def _no_head(path):
    # What the check before opening does not look at, and LMDB refuses.
    data = bytearray(path.read_bytes())
    for page in (0, 4096):
        data[page + 10 : page + 12] = b"\0\0"
    path.write_bytes(data)


def _elsewhere(path):
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def _folder(path):
    path.unlink()
    path.mkdir()


def _unreadable(path):
    path.chmod(0)


@pytest.mark.parametrize("damage", [_text, _other_endian, _version_one, _no_head, _elsewhere, _folder, _unreadable])
def test_a_data_file_that_is_another_thing_is_put_away(place, tmp_path, damage):
    # Fails if `open_rows` does not put away what `is_sound` or LMDB refuses, or `_is_meta` does not read the version.
    damage(tmp_path / "index/data.mdb")
    assert in_child(lambda: give_up_privileges() or _use(place)) == 0
    assert len(os.listdir(tmp_path / "quarantine")) == 1
    assert in_child(lambda: _use(place)) == 0


def test_the_lock_file_has_all_its_blocks_before_it_is_mapped(place, tmp_path):
    # Fails if `_reserve_lock_file` is not called: LMDB leaves it sparse, and on a full disk dies of that.
    status = (tmp_path / "index/lock.mdb").stat()
    assert status.st_blocks * 512 >= status.st_size >= 1024 * 64


def test_the_lock_file_of_an_open_environment_is_not_touched(place, tmp_path):
    # Fails if `_reserve_lock_file` opens a file that is long enough: closing it drops the locks that LMDB holds, and
    # the next process takes itself for the only one and makes the table of readers anew.
    first = open_rows(place)
    assert open_rows(place).kind == "memory"
    assert in_child(lambda: _is_locked(tmp_path / "index/lock.mdb"))
    first.close()
    assert not in_child(lambda: _is_locked(tmp_path / "index/lock.mdb"))


def _is_locked(path):
    import fcntl

    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1)
        except OSError:
            return True
    return False


class StoppingRows(LmdbRows):
    """A writer that is stopped (SIGSTOP) in the middle of its transaction."""

    def _write_once(self, rows):
        with self._env.begin(write=True) as transaction:
            transaction.put(b"stopped", b"1")
            os.kill(os.getpid(), signal.SIGSTOP)


@pytest.fixture
def stopped(place):
    writer = fork(lambda: StoppingRows(place).write({b"x": b"1"}), 60)
    os.waitpid(writer.pid, os.WUNTRACED)
    yield writer
    with contextlib.suppress(ProcessLookupError):
        os.kill(writer.pid, signal.SIGKILL)


def test_a_stopped_writer_costs_one_wait_and_one_warning_and_no_row_that_is_there(place, stopped):
    # Fails (as a hang) if `write` does not take our lock before LMDB's own, or waits each time as long as at first.
    place.patience = 2.0
    told = in_child(lambda: _go_on_without(place))
    assert [text.count(f"held by process {stopped.pid}") for text in told] == [1]
    os.kill(stopped.pid, signal.SIGCONT)
    result(stopped)
    rows = open_rows(place)
    rows.write({b"mine": b"1"})
    assert rows.get_many([b"mine", b"stopped"]) == [b"1", b"1"]
    rows.close()


def _go_on_without(place):
    told: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())
    logging.getLogger("pivot.cache").addHandler(handler)
    rows = open_rows(place)
    for _ in range(12):
        rows.write({b"mine": b"1"})
    assert rows.get_many([b"00000", b"mine", b"stopped"]) == [b"v" * 100, None, None]
    rows.close()
    return told


def test_a_process_that_is_stopped_with_a_lock_is_named(place, tmp_path):
    def hold():
        with locked(str(tmp_path / "some.lock")):
            os.kill(os.getpid(), signal.SIGSTOP)

    holder = fork(hold)
    os.waitpid(holder.pid, os.WUNTRACED)
    with (
        pytest.raises(BusyError, match=f"held by process {holder.pid}\n"),
        locked(str(tmp_path / "some.lock"), patience=0.01),
    ):
        pass
    os.kill(holder.pid, signal.SIGCONT)
    result(holder)


def test_a_forked_child_that_inherits_a_table_opens_its_own(place):
    # Fails if `_close_around_forks` registers nothing: the child reads in the name of its parent, which LMDB forbids.
    from pivot.cache.index import Index

    index = Index(lambda: open_rows(place))
    index.put(b"a", b"1")
    index.flush()

    def child():
        assert index._rows is None
        index.put(b"b", b"2")
        index.flush()
        return index.kind

    assert in_child(child) == "lmdb"
    assert index.get_many([b"a", b"b"]) == [b"1", b"2"]
    index.close()


def test_whatever_is_flipped_in_a_page_it_goes_on(place, tmp_path):
    # Fails if damage that LMDB sees (`CorruptedError`, `PageNotFoundError`) is not taken for a lost index.
    path = tmp_path / "index/data.mdb"
    whole = path.read_bytes()
    for page in range(8192, len(whole), 4096):
        for at in (page + 10, page + 12, page + 14, page + 0):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
            in_child(lambda: _go_on(place))
            if not path.exists():
                os.makedirs(path.parent, exist_ok=True)


def _go_on(place):
    rows = open_rows(place)
    try:
        rows.get_many(_ROWS)
        rows.write({b"00007": b"1", b"00100": None})
    except IndexLostError:
        assert not open_rows(place).get_many([b"00007"])[0]
