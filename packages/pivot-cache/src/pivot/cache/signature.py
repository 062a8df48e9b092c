"""When a file need not be hashed again: what its stat must say, and when that can lie.

The rule is git's (Documentation/technical/racy-git): a file modified within the clock's granularity of being
hashed may change once more without its stat showing it, so such a signature proves nothing yet.
"""

import os
import struct
from typing import NamedTuple

TICK_NS = 20_000_000
"""Twice the slowest kernel tick: timestamps this close together may be equal for different contents."""
COARSE_NS = 2_000_000_000
"""The same for file systems that keep seconds (FAT, HFS+, some network shares)."""

SIGNATURE_FORMAT = "<qqqQ?"
_PACKED = struct.Struct(SIGNATURE_FORMAT)


class Signature(NamedTuple):
    """The stat of a file, as far as it tells whether the contents are the same."""

    size: int
    mtime_ns: int
    ctime_ns: int
    """Cannot be set from user space, so `cp -p`, `rsync -t`, `tar x` and `touch -r` show here."""
    ino: int
    executable: bool

    @property
    def newest_ns(self) -> int:
        """Say when it last changed."""
        return max(self.mtime_ns, self.ctime_ns)

    def pack(self) -> bytes:
        """Give the fixed-size bytes for rows and fingerprints."""
        return _PACKED.pack(*self)


def signature_of(stat: os.stat_result) -> Signature:
    """Take the signature out of a stat."""
    executable = bool(stat.st_mode & 0o111)
    return Signature(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, executable)


def signature(path: str | os.PathLike[str]) -> Signature:
    """Stat a file (through a symbolic link, as reading it would) and give its signature."""
    return signature_of(os.stat(path))


def is_racy(seen: Signature, taken_ns: int) -> bool:
    """Say whether a file with this signature could still change unseen if it was hashed at `taken_ns`.

    `taken_ns` is the time (`time.time_ns()`) before the first byte was read. A racy signature means: the hash is
    right for what was read, but hash again next time.
    """
    return max(seen.mtime_ns, seen.ctime_ns) >= taken_ns - granularity_ns(seen)


def granularity_ns(seen: Signature) -> int:
    """Guess the clock of the file system from the digits that a signature has."""
    whole_milliseconds = seen.mtime_ns % 1_000_000 == 0 and seen.ctime_ns % 1_000_000 == 0
    return COARSE_NS if whole_milliseconds else TICK_NS
