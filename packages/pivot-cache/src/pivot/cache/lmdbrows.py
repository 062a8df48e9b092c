"""The rows of the index in LMDB, opened so that damage, a full map or a stopped writer never stop a run."""

import contextlib
import os
import time
from collections.abc import Iterable, Mapping

import lmdb

from pivot.cache.boot import boot_id
from pivot.cache.errors import BusyError
from pivot.cache.files import read_head, sync_file, sync_folder, write_all
from pivot.cache.lmdbcheck import is_sound, last_page_bytes
from pivot.cache.locks import locked
from pivot.cache.rows import MemoryRows, Rows
from pivot.cache.sharing import make_folder, open_made, share_like

MAP_SIZE = 1 << 30
MAP_LIMIT = 1 << 36
_SMALLER = (1, 4, 16)
_PATIENCE = 5.0
"""Seconds to wait for another writer before giving up on rows that can be made again."""
_IMPATIENCE = 0.1
"""The same once that was in vain: a stopped writer must not cost as much again at every write."""
_READERS = 1024
_LOCK_BYTES = 68 << 10
"""What LMDB needs for that many readers, in whole pages."""
_BROKEN = (
    lmdb.InvalidError, lmdb.CorruptedError, lmdb.PageNotFoundError, lmdb.VersionMismatchError, lmdb.PanicError,
    # What LMDB says when a flipped bit made a tree without end, a page without room, or a table of another kind.
    lmdb.CursorFullError, lmdb.PageFullError, lmdb.IncompatibleError, lmdb.BadTxnError, lmdb.BadDbiError,
)  # fmt: skip


class IndexLostError(Exception):
    """The index cannot be used any more by this process; what it knew can be found out again."""


class Place:
    """Where an index lies, and how much it is worth to keep it."""

    def __init__(self, root: str, folder: str, durability: str, *, map_size: int = MAP_SIZE) -> None:
        self.root, self.folder, self.durability, self.map_size = root, folder, durability, map_size
        self.limit = MAP_LIMIT
        self.patience = _PATIENCE

    def lock(self, name: str) -> str:
        """Say where a lock lies that all users of the index share."""
        return f"{self.root}/{name}.lock"


def open_rows(place: Place) -> Rows:
    """Open the index, or give rows in memory if that cannot be done now."""
    try:
        with locked(place.lock("open"), patience=place.patience):
            if not is_sound(place.folder) or _lost_power_unsynced(place):
                put_away(place)
            try:
                return LmdbRows(place)
            except _BROKEN:
                put_away(place)
                return LmdbRows(place)
    except (lmdb.Error, BusyError, OSError) as error:
        # For one: LMDB refuses a second environment on the same files in one process.
        return MemoryRows(f"{type(error).__name__}: {error}")


def _lost_power_unsynced(place: Place) -> bool:
    # Written without any sync, then the machine went down: LMDB may have pages of different ages.
    return _mark(place.folder) not in (None, boot_id())


def _mark(folder: str) -> bytes | None:
    try:
        return read_head(f"{folder}/unsynced", 100)
    except FileNotFoundError:
        return None


def _mark_unsynced(folder: str) -> None:
    if _mark(folder) == boot_id():
        return
    path = f"{folder}/unsynced"
    with open(path, "wb") as file:
        file.write(boot_id())
    # The one thing that must be on the disk: an index without its mark would be believed.
    sync_file(path)
    sync_folder(folder)


def put_away(place: Place) -> None:
    """Move a broken index out of the way; a new one fills up by itself."""
    target = f"{place.root}/quarantine/index-{time.time_ns()}"
    os.makedirs(os.path.dirname(target), exist_ok=True)
    try:
        os.rename(place.folder, target)
    except FileNotFoundError:
        return
    except OSError:
        import shutil

        shutil.move(place.folder, target)  # the index may lie on another file system than the store


class LmdbRows:
    """Rows shared by all processes of this machine.

    get_many   a read transaction that ends before it returns
    write      one write transaction under the lock that names its owner; grows the map when it is full
    """

    kind = "lmdb"

    def __init__(self, place: Place) -> None:
        self._place = place
        make_folder(place.folder)
        if place.durability == "off":
            _mark_unsynced(place.folder)
        _reserve_lock_file(f"{place.folder}/lock.mdb")
        self._patience = place.patience
        self._env = _open(place)
        for name in ("data.mdb", "lock.mdb", "unsynced"):
            with contextlib.suppress(FileNotFoundError):
                share_like(f"{place.folder}/{name}", place.folder)
        self._env.reader_check()

    def get_many(self, keys: Iterable[bytes]) -> list[bytes | None]:
        """Give the values, None where there is none; raise `IndexLostError`."""
        try:
            with self._env.begin() as transaction:
                return [transaction.get(key) for key in keys]
        except lmdb.MapResizedError:
            self._env.set_mapsize(0)
            return self.get_many(keys)
        except lmdb.Error as error:
            raise self._lost(error) from error

    def write(self, rows: Mapping[bytes, bytes | None]) -> None:
        """Store the rows; raise `IndexLostError`."""
        try:
            with locked(self._place.lock("write"), patience=self._patience):
                self._write_growing(rows)
                self._settle()
            self._patience = self._place.patience
        except BusyError as error:
            self._do_without(error)
        except (lmdb.Error, OSError) as error:
            raise self._lost(error) from error

    def close(self) -> None:
        """Close the environment."""
        self._env.close()

    def _write_growing(self, rows: Mapping[bytes, bytes | None]) -> None:
        while True:
            try:
                self._write_once(rows)
            except lmdb.MapResizedError:
                self._env.set_mapsize(0)
            except lmdb.MapFullError:
                self._grow()
            else:
                return

    def _write_once(self, rows: Mapping[bytes, bytes | None]) -> None:
        kept = sorted((key, value) for key, value in rows.items() if value is not None)
        with self._env.begin(write=True) as transaction, transaction.cursor() as cursor:
            cursor.putmulti(kept)
            for key in (key for key, value in rows.items() if value is None):
                transaction.delete(key)

    def _grow(self) -> None:
        # Only we write now, so nobody else has made it larger; `set_mapsize(0)` would take our own growth back,
        # which is on the disk only after a commit.
        size = self._env.info()["map_size"] * 2
        if size > self._place.limit:
            raise lmdb.CorruptedError("the index has outgrown its limit")
        self._env.set_mapsize(size)

    def _settle(self) -> None:
        # LMDB numbers pages that it never writes when they are the last and free; the check before opening
        # would take such a file for a truncated one. Nobody else writes while we hold the lock.
        path = f"{self._place.folder}/data.mdb"
        needed = last_page_bytes(self._place.folder)
        if os.stat(path).st_size < needed:
            os.truncate(path, needed)

    def _do_without(self, error: BusyError) -> None:
        if self._patience > _IMPATIENCE:
            import logging

            logging.getLogger("pivot.cache").warning(
                "the index is not written to, and files will be hashed again: %s", str(error).partition("\n")[0]
            )
        self._patience = min(self._patience, _IMPATIENCE)

    def _lost(self, error: Exception) -> IndexLostError:
        self._env.close()
        if isinstance(error, _BROKEN):
            with contextlib.suppress(OSError):
                put_away(self._place)
        return IndexLostError(str(error))


def _reserve_lock_file(path: str) -> None:
    # LMDB maps this file and leaves it sparse, so on a full disk it would die of the first write (SIGBUS). Written by
    # us, it has its blocks, or there is no index. Only a file that is too short is opened, and nobody can use such a
    # one: to close a file that this process uses would drop the locks that LMDB has on it.
    with contextlib.suppress(FileNotFoundError):
        if os.stat(path).st_size >= _LOCK_BYTES:
            return
    descriptor = open_made(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        write_all(descriptor, bytes(_LOCK_BYTES - os.fstat(descriptor).st_size))
    finally:
        os.close(descriptor)


def _open(place: Place) -> "lmdb.Environment":
    for divisor in _SMALLER:
        try:
            return lmdb.open(
                place.folder,
                map_size=place.map_size // divisor,
                max_readers=_READERS,
                metasync=place.durability == "strict",
                sync=place.durability != "off",
                # Without writemap a full disk is an error, with it a SIGBUS.
                writemap=False,
            )
        except (lmdb.MemoryError, MemoryError):
            continue
    raise lmdb.MemoryError("no address space for the index")
