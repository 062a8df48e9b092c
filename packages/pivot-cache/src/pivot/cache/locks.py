"""Kernel locks on files that are never removed: they end with their owner, so nothing is ever judged stale."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator

from pivot.cache.errors import BusyError
from pivot.cache.sharing import open_made

PATIENCE = 30.0
"""Seconds after which a lock is taken to be held by a stopped process."""
_SILENCE = 2.0
"""Seconds after which one who waits says so: nobody holds a lock of a store for longer that goes on."""


def open_lock(path: str) -> int:
    """Open a lock file, made if it is not there."""
    return open_made(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)


def try_lock(descriptor: int, mode: int = fcntl.LOCK_EX) -> bool:
    """Take the lock if nobody else has it."""
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_lock(
    descriptor: int, path: str, mode: int = fcntl.LOCK_EX, patience: float = PATIENCE, silence: float = _SILENCE
) -> None:
    """Take the lock, or raise `BusyError` naming the owner after `patience` seconds; a warning names it before."""
    if try_lock(descriptor, mode):
        return
    started = time.monotonic()
    pause = 0.0005
    while not try_lock(descriptor, mode):
        waited = time.monotonic() - started
        if waited >= patience:
            raise BusyError(_held(descriptor, path))
        if waited >= silence:
            import logging

            logging.getLogger("pivot.cache").warning("waiting: %s", _held(descriptor, path).replace("\n", "; "))
            silence = patience
        time.sleep(pause)
        pause = min(pause * 2, 0.05)


@contextlib.contextmanager
def locked(path: str, mode: int = fcntl.LOCK_EX, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock at `path` while the block runs."""
    descriptor = open_lock(path)
    try:
        wait_lock(descriptor, path, mode, patience)
        if mode == fcntl.LOCK_EX:
            _sign(descriptor)
        yield
    finally:
        let_go(descriptor)


def let_go(descriptor: int) -> None:
    """Unlock and close: closing alone leaves the lock to a child that is just being forked and has the descriptor."""
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def _sign(descriptor: int) -> None:
    # For messages only; who owns the lock is the kernel's knowledge.
    with contextlib.suppress(OSError):
        os.pwrite(descriptor, b"%-20d" % os.getpid(), 0)


def _held(descriptor: int, path: str) -> str:
    number = _writer(os.fstat(descriptor)) or _signed(descriptor)
    if number is None:
        return f"{path} is held by another process\nwait for it, or end that process, and try again"
    advice = f"it is stopped: let it go on (kill -CONT {number})" if _is_stopped(number) else "wait for it"
    return f"{path} is held by process {number}\n{advice}, or end that process, and try again"


def _writer(file: os.stat_result) -> int | None:
    """Ask the kernel, where it tells, who alone holds the lock of a file: 1: FLOCK ADVISORY WRITE 42 fe:01:7 0 EOF."""
    place = b"%02x:%02x:%d" % (os.major(file.st_dev), os.minor(file.st_dev), file.st_ino)
    with contextlib.suppress(OSError, ValueError), open("/proc/locks", "rb") as locks:
        for _, kind, _, mode, owner, where, *_ in map(bytes.split, locks):
            if (kind, mode, where) == (b"FLOCK", b"WRITE", place):
                return int(owner) if int(owner) > 0 else None
    return None


def _signed(descriptor: int) -> int | None:
    text = os.pread(descriptor, 20, 0)
    return int(text) if text.strip().isdigit() and text.endswith(b" ") else None


def _is_stopped(number: int) -> bool:
    with contextlib.suppress(OSError), open(f"/proc/{number}/stat", "rb") as file:
        return file.read().rpartition(b")")[2].split()[0] in (b"T", b"t")
    return False
