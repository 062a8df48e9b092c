"""Locks of names, each a byte of one file: there is one file to make and to open, however many names there are."""

import fcntl
import os
import struct
import sys
import time
from contextlib import suppress
from typing import Self

from blake3 import blake3

from pivot.executor.locking import Waiting, wait
from pivot.executor.task import Waits
from pivot.registry.types import StageRef

_FLOCK = struct.Struct("hhqqi0q")
"""`struct flock` of Linux: type, whence, start, length, owner."""
_OWNERS = 4096
_OWNER = struct.Struct("<q")

SHARED, ALONE = fcntl.F_RDLCK, fcntl.F_WRLCK


def place(name: str) -> int:
    """Give the place of a name: as large as an offset may be, so that two names have one place never."""
    digest: bytes = blake3(name.encode("utf-8", "surrogateescape")).digest(length=8)
    return int.from_bytes(digest, "big") >> 2


class Held:
    """What is held for one stage, of whatever files, until the block ends.

    On Linux a lock belongs to the open file, elsewhere to the process: there, it would be lost as soon as a stage
    opened and closed the file, as one does that reads the whole project.
    """

    __slots__ = ("_files", "_ref", "_timeout", "_us", "_waiting", "waited_until")

    def __init__(self, ref: StageRef, timeout: float | None, waiting: Waiting) -> None:
        """`timeout`: seconds to wait for a lock; None: as long as it lasts. `waiting` is told who has it."""
        self._ref, self._timeout, self._waiting = ref, timeout, waiting
        self._us = _OWNER.pack(os.getpid())
        self._files: list[int] = []
        self.waited_until: float | None = None
        """When the last one was had that had to be waited for, on the machine's monotonic clock."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in reversed(self._files):
            # Explicitly, for the file stays open here, and a process that the stage has started may have it too.
            with suppress(OSError):  # the stage has closed it
                _set(file, fcntl.F_UNLCK, 0, 0, block=False)

    def take(self, file: int, at: int, kind: int, path: str = "") -> None:
        """Take the lock at a place of a file, that of a path or else of the stage, or wait for it as `wait` does."""
        if file not in self._files:
            self._files.append(file)
        try:
            _set(file, kind, at, 1, block=False)
        except BlockingIOError:
            self._wait(file, at, kind, path)
        os.pwrite(file, self._us, _owner_at(at))

    def _wait(self, file: int, at: int, kind: int, path: str) -> None:
        self._waiting(Waits(self._ref, _owner(file, at), path))
        doing = f"using {path}" if path else "running this stage"
        wait(lambda block: _set(file, kind, at, 1, block=block), self._timeout, doing)
        self.waited_until = time.monotonic()


def _set(file: int, kind: int, start: int, length: int, *, block: bool) -> None:
    if sys.platform == "linux":
        command = fcntl.F_OFD_SETLKW if block else fcntl.F_OFD_SETLK
        fcntl.fcntl(file, command, _FLOCK.pack(kind, os.SEEK_SET, start, length, 0))
    else:
        operation = {fcntl.F_RDLCK: fcntl.LOCK_SH, fcntl.F_WRLCK: fcntl.LOCK_EX, fcntl.F_UNLCK: fcntl.LOCK_UN}[kind]
        fcntl.lockf(file, operation if block else operation | fcntl.LOCK_NB, length, start)


def _owner_at(at: int) -> int:
    """Say where the number of the last one who took a place is kept. Two places may share it: it is for messages."""
    return at % _OWNERS * _OWNER.size


def _owner(file: int, at: int) -> int | None:
    raw = os.pread(file, _OWNER.size, _owner_at(at))
    number: int = _OWNER.unpack(raw)[0] if len(raw) == _OWNER.size else 0
    return number or None
