"""What is known about objects and files without reading them: all of it can be lost and found out again."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping

from pivot.cache.forks import rest_around_forks
from pivot.cache.lmdbrows import IndexLostError
from pivot.cache.rows import MemoryRows, Rows, checked, verified

_BATCH = 10_000
_AGE = 1.0
"""Seconds that a row may wait for others to be written together with it."""


class Index:
    """Rows with checksums, gathered in memory and written many at a time.

    get, get_many   what is pending first, then the table
    put, put_many   pending; written when there are many or they are old
    flush           everything pending in one transaction
    """

    def __init__(self, open_rows: Callable[[], Rows]) -> None:
        self._open_rows = open_rows
        self._rows: Rows | None = None
        self._pending: dict[bytes, bytes | None] = {}
        self._since = 0.0
        self._lock = threading.RLock()
        rest_around_forks(self)

    @property
    def kind(self) -> str:
        """Say what holds the rows: `lmdb` or `memory`."""
        with self._lock:
            return self._table().kind

    def get(self, key: bytes) -> bytes | None:
        """Give one value, None if it is absent or damaged."""
        with self._lock:
            if key in self._pending:
                return self._pending[key]
            return verified(key, self._read([key])[0])

    def get_many(self, keys: Iterable[bytes]) -> list[bytes | None]:
        """Give the values in the order of the keys."""
        wanted = list(keys)
        with self._lock:
            found = self._read([key for key in wanted if key not in self._pending])
            stored = iter(found)
            return [self._pending[key] if key in self._pending else verified(key, next(stored)) for key in wanted]

    def put(self, key: bytes, value: bytes | None) -> None:
        """Remember a value; None forgets the key."""
        self.put_many({key: value})

    def put_many(self, rows: Mapping[bytes, bytes | None]) -> None:
        """Remember values; None forgets a key."""
        with self._lock:
            if not self._pending:
                self._since = time.monotonic()
            self._pending.update(rows)
            if len(self._pending) >= _BATCH or time.monotonic() - self._since > _AGE:
                self.flush()

    def flush(self) -> None:
        """Write what is pending, so that other processes see it."""
        with self._lock:
            rows, self._pending = self._pending, {}
            if not rows:
                return
            packed = {key: None if value is None else checked(key, value) for key, value in rows.items()}
            try:
                self._table().write(packed)
            except IndexLostError:
                self._rows = MemoryRows()
                self._rows.write(packed)

    def close(self) -> None:
        """Write what is pending and let go of the table; it opens again by itself."""
        with self._lock:
            self.flush()
            self._release()

    def _read(self, keys: list[bytes]) -> list[bytes | None]:
        if not keys:
            return []
        try:
            return self._table().get_many(keys)
        except IndexLostError:
            self._rows = MemoryRows()
            return [None] * len(keys)

    def _table(self) -> Rows:
        if self._rows is None:
            self._rows = self._open_rows()
        return self._rows

    def _release(self) -> None:
        if self._rows is not None and self._rows.kind == "lmdb":
            self._rows.close()
            self._rows = None

    def before_fork(self) -> None:
        """Close the table: LMDB may not be used, nor opened again, by a child that inherited it."""
        self._lock.acquire()
        self._release()

    def after_fork(self) -> None:
        """Let the table open again, in the parent and in the child."""
        self._lock.release()
