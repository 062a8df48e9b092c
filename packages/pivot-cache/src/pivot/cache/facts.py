"""Digests of files in the work tree, remembered by what their stat said."""

import contextlib
import os
import time
from collections.abc import Iterable

from pivot.cache.digest import Name
from pivot.cache.index import Index
from pivot.cache.rows import Summary, packed_fact, unchanged, unpack_summary
from pivot.cache.sharing import open_made
from pivot.cache.signature import COARSE_NS, TICK_NS, Signature, granularity_ns, is_racy
from pivot.cache.sources import Content

WORTH_WAITING = 8 << 20
"""Bytes that take longer to hash again than the clock takes to tick."""

_YOUNG_NS = 10_000_000_000
_WAITS = 10
_NO_NAMES = ("", ".", "..")
"""What a path may end with that no folder has an entry for."""


def row_key(folder_ino: int, name: bytes) -> bytes:
    """Give the key of a file's row: moving a checkout keeps it, copying one does not.

    Not the whole path (a moved project would be hashed again), not the inode alone (file systems without real
    inode numbers hand the same one to another file after a remount).
    """
    return b"s" + folder_ino.to_bytes(8, "little") + name


def key_of(path: str) -> bytes:
    """Give the key of a file's row."""
    folder, slash, name = path.rpartition("/")
    if name in _NO_NAMES:
        folder, slash, name = os.path.abspath(path).rpartition("/")
    return row_key(os.stat(folder + slash or ".").st_ino, os.fsencode(name))


class Clock:
    """The time of the file system that the store is on, which is what its timestamps must be compared with."""

    def __init__(self, path: str, *, writable: bool) -> None:
        self._path, self._writable = path, writable
        self._descriptor = -1
        self._device = -1
        self._latest_ns = 0

    def now_ns(self, device: int) -> int:
        """Give a time that no file on this device gets from now on."""
        if (self._descriptor >= 0 or self._open()) and device == self._device:
            os.utime(self._descriptor)
            self._latest_ns = os.fstat(self._descriptor).st_mtime_ns
            return self._latest_ns
        # Another file system may have another clock (a server's): allow for two seconds.
        return time.time_ns() - COARSE_NS

    def latest_ns(self, device: int) -> int:
        """Give the time that it was at the last look; 0 if there was none."""
        return self._latest_ns if device == self._device else 0

    def close(self) -> None:
        """Let go of the probe file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> bool:
        if self._writable:
            with contextlib.suppress(OSError):
                self._descriptor = open_made(self._path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
                self._device = os.fstat(self._descriptor).st_dev
        return self._descriptor >= 0


class Facts:
    """What is known about files and directories outside the store."""

    def __init__(self, index: Index, clock: Clock) -> None:
        self._index, self._clock = index, clock

    def settle(self, newest_ns: int, device: int) -> int:
        """Wait out the tick in which a file was last written, and give the time: worth it where hashing is slow."""
        now = self._clock.now_ns(device)
        for _ in range(_WAITS):
            # A little before counts too: some file systems stamp files more finely than our probe.
            if abs(now - newest_ns) > TICK_NS:
                break
            time.sleep((newest_ns + TICK_NS - now) / 1e9 + 0.001)
            now = self._clock.now_ns(device)
        return now

    def now_ns(self, device: int) -> int:
        """Give the time that decides whether what is hashed now is racy."""
        return self._clock.now_ns(device)

    def moment(self, seen: Signature, device: int) -> int:
        """Do as `now_ns` does for one file; a large one is worth a wait."""
        if seen.size >= WORTH_WAITING:
            return self.settle(seen.newest_ns, device)
        if seen.newest_ns > time.time_ns() - TICK_NS:
            return seen.newest_ns  # racy, whatever the clock of the file system says
        # An earlier time is only stricter: where it will do, there is nothing to look at.
        earlier = self._clock.latest_ns(device)
        return self._clock.now_ns(device) if is_racy(seen, earlier) else earlier

    def known(self, keys: list[bytes], seen: list[Signature]) -> list[Name | None]:
        """Give the names of files that have not changed since they were hashed."""
        return [unchanged(row, now) for row, now in zip(self._index.get_many(keys), seen, strict=True)]

    def known_one(self, key: bytes, seen: Signature) -> Name | None:
        """Do as `known` does for one file."""
        return unchanged(self._index.get(key), seen)

    def learn(self, read: Iterable[tuple[bytes, Content, int]]) -> bool:
        """Remember what files held, each with when it was read; says whether that can be relied on next time."""
        rows, lasting = {}, True
        for key, content, taken_ns in read:
            # Of a racy one nothing is remembered: it is right for what was read, but the file must be hashed again.
            if is_racy(content.seen, taken_ns):
                lasting = False
            else:
                rows[key] = packed_fact(content.seen, content.name)
        if rows:
            self._index.put_many(rows)
        return lasting

    def learn_placed(self, placed: Iterable[tuple[bytes, Content]]) -> None:
        """Remember files that we put there ourselves, with an mtime old enough that every later edit shows."""
        fine = [(key, content) for key, content in placed if granularity_ns(content.seen) <= TICK_NS]
        self._index.put_many({key: packed_fact(seen, name) for key, (name, seen) in fine})

    def summary(self, key: bytes, fingerprint: bytes) -> Summary | None:
        """Give the tree of a directory of which no file has changed."""
        found = unpack_summary(self._index.get(_summary_key(key)))
        return found if found is not None and found.fingerprint == fingerprint else None

    def summarise(self, key: bytes, summary: Summary) -> None:
        """Remember the tree of a directory."""
        self._index.put(_summary_key(key), summary.pack())


def is_young(seen: Signature) -> bool:
    """Say whether a file was written so short a time ago that hardly anybody has hashed it since.

    One that a restore has made is not: it is known, and by its mtime, which is 4 ticks before its ctime.
    """
    return seen.mtime_ns > time.time_ns() - _YOUNG_NS and seen.ctime_ns - seen.mtime_ns < 2 * TICK_NS


def placed_mtime_ns() -> int:
    """Give the mtime for a file that a restore makes, unless the restore waits for the next tick.

    A moment ago rather than now: whoever edits the file after it appeared gives it another mtime, also within the
    same tick of the clock, so the file need not be hashed again.
    """
    return time.time_ns() - 4 * TICK_NS


def _summary_key(key: bytes) -> bytes:
    return b"d" + key[1:]
