"""When a file need not be read again: what its stat must say, and when that can lie.

The rule is git's (Documentation/technical/racy-git): a file modified within the clock's granularity of being read
may change once more without its stat showing it, so its mark is not settled and the content is compared.
"""

import os
import stat
from typing import NamedTuple

from blake3 import blake3

TICK_NS = 20_000_000
"""Twice the slowest kernel tick: times this close together may be equal for different contents."""
COARSE_NS = 2_000_000_000
"""The same for file systems that keep milliseconds or seconds."""


class Mark(NamedTuple):
    """The stat of a file or directory, as far as it tells whether it is the same."""

    mtime_ns: int
    ctime_ns: int
    """Cannot be set from user space, so `cp -p` and `touch -r` show here."""
    size: int
    ino: int


def mark_of(status: os.stat_result) -> Mark:
    """Take the mark out of a stat."""
    return Mark(status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


def is_settled(mark: Mark, taken_ns: int) -> bool:
    """Whether a later change must show in the mark, when its subject was read from `taken_ns` (`time.time_ns()`) on."""
    coarse = mark.mtime_ns % 1_000_000 == 0 and mark.ctime_ns % 1_000_000 == 0
    return max(mark.mtime_ns, mark.ctime_ns) < taken_ns - (COARSE_NS if coarse else TICK_NS)


class Seen(NamedTuple):
    """A file as it was when it was read: mark and content."""

    mtime_ns: int
    ctime_ns: int
    size: int
    ino: int
    digest: str
    settled: bool


def see(path: str, taken_ns: int) -> Seen | None:
    """Read a file and remember how it was; None if there is no such file, or it cannot be read."""
    try:
        before = os.stat(path)
        if not stat.S_ISREG(before.st_mode):
            return None
        with open(path, "rb") as file:
            digest = blake3(file.read()).hexdigest()
        after = mark_of(os.stat(path))
    except (OSError, ValueError):
        return None
    return Seen(*after, digest, after == mark_of(before) and is_settled(after, taken_ns))


def still(path: str, seen: Seen, taken_ns: int) -> Seen | None:
    """Tell whether a file is as it was seen: the same object by its stat, a new one by its content, None if not."""
    try:
        now = os.stat(path)
    except (OSError, ValueError):
        return None
    if seen.settled and mark_of(now) == seen[:4]:
        return seen
    fresh = see(path, taken_ns)
    return fresh if fresh is not None and fresh.digest == seen.digest else None
