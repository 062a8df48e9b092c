"""Rows of the index, packed with a checksum of their own: LMDB has none and returns flipped bits as data."""

import struct
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from blake3 import blake3

from pivot.cache.digest import Kind, Name
from pivot.cache.signature import SIGNATURE_FORMAT, Signature

_CHECK = 8
_SEAL = struct.Struct("<qqqQ16sQI")
_NAME = 32
_FACT = struct.Struct(f"{SIGNATURE_FORMAT}{_NAME}s")
_SUMMARY = struct.Struct("<32s32sq")

DURABLE = bytes(16)
"""The boot of a seal that outlives every boot: its object is known to be on the disk."""


class Rows(Protocol):
    """A table of bytes that may be lost at any time without harm."""

    kind: str

    def get_many(self, keys: Iterable[bytes]) -> list[bytes | None]:
        """Give the values, None where there is none."""
        ...

    def write(self, rows: Mapping[bytes, bytes | None]) -> None:
        """Store the rows; None deletes."""
        ...

    def close(self) -> None:
        """Let go of the table."""
        ...


class MemoryRows:
    """Rows for one process: a read-only store, a second `Cache` on the same store, an index that broke."""

    kind = "memory"

    def __init__(self, why: str = "") -> None:
        self.why = why
        """What kept the index from being opened, if anything did."""
        self._rows: dict[bytes, bytes] = {}

    def get_many(self, keys: Iterable[bytes]) -> list[bytes | None]:
        """Give the values, None where there is none."""
        return [self._rows.get(key) for key in keys]

    def write(self, rows: Mapping[bytes, bytes | None]) -> None:
        """Store the rows; None deletes."""
        for key, value in rows.items():
            if value is None:
                self._rows.pop(key, None)
            else:
                self._rows[key] = value

    def close(self) -> None:
        """Keep the rows: they end with this object."""


def checked(key: bytes, value: bytes) -> bytes:
    """Append the checksum that binds a value to its key."""
    return value + blake3(key + value).digest(_CHECK)


def verified(key: bytes, stored: bytes | None) -> bytes | None:
    """Give the value, or None if anything is wrong with it."""
    if stored is None or blake3(key + stored[:-_CHECK]).digest(_CHECK) != stored[-_CHECK:]:
        return None
    return stored[:-_CHECK]


class Seal(NamedTuple):
    """What the stat of an object was when its bytes were last known to be right."""

    size: int
    mtime_ns: int
    ctime_ns: int
    ino: int
    boot: bytes
    """The boot in which it was sealed: what was not synced may be gone after the next one."""
    sealed_at: int
    """Monotonic nanoseconds within that boot."""
    last_used: int
    """Seconds since the epoch, renewed at most once an hour."""

    def pack(self) -> bytes:
        """Give the bytes of the row."""
        return _SEAL.pack(*self)


def unpack_seal(data: bytes | None) -> Seal | None:
    """Undo `Seal.pack`; None for what is no seal."""
    return Seal(*_SEAL.unpack(data)) if data is not None and len(data) == _SEAL.size else None


def packed_fact(seen: Signature, name: Name) -> bytes:
    """Give the row of a fact: the name that a file had when its signature was this."""
    return _FACT.pack(*seen, name.raw)


def unchanged(data: bytes | None, now: Signature) -> Name | None:
    """Give the name in the row of a fact if the file still has its signature."""
    # Compared as it is packed, and no object made of either: it is asked of every file of every directory.
    if data is None or len(data) != _FACT.size or data[:-_NAME] != now.pack():
        return None
    return Name(Kind.BLOB, data[-_NAME:].hex())


class Summary(NamedTuple):
    """The tree that a directory was when the signatures of all its files hashed to `fingerprint`."""

    fingerprint: bytes
    name: Name
    size: int

    def pack(self) -> bytes:
        """Give the bytes of the row."""
        return _SUMMARY.pack(self.fingerprint, self.name.raw, self.size)


def unpack_summary(data: bytes | None) -> Summary | None:
    """Undo `Summary.pack`; None for what is no summary."""
    if data is None or len(data) != _SUMMARY.size:
        return None
    fingerprint, raw, size = _SUMMARY.unpack(data)
    return Summary(fingerprint, Name(Kind.TREE, raw.hex()), size)
