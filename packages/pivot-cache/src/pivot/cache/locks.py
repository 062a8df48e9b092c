"""Kernel locks on files that are never removed: they end with their owner, so nothing is ever judged stale."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator

from pivot.cache.errors import BusyError
from pivot.cache.sharing import share_like

PATIENCE = 30.0
"""Seconds after which a lock is taken to be held by a stopped process."""


def open_lock(path: str) -> int:
    """Open a lock file, made if it is not there."""
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        descriptor = os.open(path, flags | os.O_CREAT, 0o666)
        share_like(descriptor, os.path.dirname(path))
        return descriptor


def try_lock(descriptor: int, mode: int = fcntl.LOCK_EX) -> bool:
    """Take the lock if nobody else has it."""
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_lock(descriptor: int, path: str, mode: int = fcntl.LOCK_EX, patience: float = PATIENCE) -> None:
    """Take the lock, or raise `BusyError` naming the owner after `patience` seconds."""
    if try_lock(descriptor, mode):
        return
    deadline = time.monotonic() + patience
    pause = 0.0005
    while not try_lock(descriptor, mode):
        if time.monotonic() >= deadline:
            raise BusyError(f"{path} is held by {_owner(descriptor)}\nwait for it, or end that process, and try again")
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


def _owner(descriptor: int) -> str:
    text = os.pread(descriptor, 20, 0).strip()
    return f"process {int(text)}" if text.isdigit() else "another process"
