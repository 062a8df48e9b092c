"""Files of pivot's own: their folders are made when they are missing, and what is written is written whole.

A process may be killed at any instant. So a file takes its place by a rename, and the temporary file has the same name
each time: what a killed process left is written over by the next one that has the same to say. A name with the
process's number in it would stay for ever.
"""

import contextlib
import errno
import fcntl
import os
import stat
from pathlib import Path
from typing import BinaryIO


def opened(path: str, flags: int) -> int:
    """Open a file to write to, and make the folder that it is in if there is none; raise OSError for what is none."""
    flags |= os.O_CLOEXEC | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o666)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor = os.open(path, flags, 0o666)
    return descriptor if flags & os.O_EXCL else _regular(descriptor, path)


def _regular(descriptor: int, path: str) -> int:
    """Take no FIFO, which would hang us, and no device, which would never end."""
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is not a regular file", path)


def open_regular(path: str | Path) -> BinaryIO:
    """Open a file to read from; raise OSError also for what is none."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    return open(_regular(descriptor, str(path)), "rb")


def read_regular(path: str | Path) -> bytes:
    """Read a file, as `open_regular` opens it."""
    with open_regular(path) as file:
        return file.read()


def write_whole(path: str, data: bytes, *, alone: bool = False) -> None:
    """Put bytes in place of what is there, in one step. Raises OSError; then the old content is still there.

    `alone`: nobody else may be writing it, by a lock that this process holds.
    """
    temporary = _temporary(path)
    descriptor, size = _new(temporary) if alone else _own(temporary)
    try:
        if size:  # to cut off nothing takes ext4 as long as all the rest
            os.ftruncate(descriptor, 0)
        _write(descriptor, data)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    finally:
        os.close(descriptor)


def forget_unfinished(path: str) -> None:
    """Remove what a killed process left of a file that need not be written again; nobody else may be writing it."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_temporary(path))


def _temporary(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}.{name}.tmp"


def _new(temporary: str) -> tuple[int, int]:
    """Make the temporary file, or take over what a killed process left. Say how long it is."""
    try:
        return opened(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL), 0
    except FileExistsError:
        return _own(temporary)


def _own(temporary: str) -> tuple[int, int]:
    """Open the temporary file when no other process writes to it: its lock ends with its writer. Say how long it is."""
    while True:
        descriptor = opened(temporary, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        status = os.fstat(descriptor)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(status, os.lstat(temporary)):
                return descriptor, status.st_size
        os.close(descriptor)  # whoever had the lock has put it in place meanwhile


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
