"""Names of contents: BLAKE3-256, with the kind of thing named as part of the name."""

import enum
from typing import NamedTuple, NewType

from blake3 import blake3

Digest = NewType("Digest", str)

_TREE_CONTEXT = "pivot.cache tree manifest v1"


class Kind(enum.StrEnum):
    """What a digest names; the value is its prefix."""

    BLOB = "b3"
    """The bytes of a file; `b3sum` gives the same 64 digits."""
    TREE = "b3t"
    """A manifest of a directory, hashed under a key of its own: no file can ever be taken for a tree."""

    # As its text, which it is equal to. Enumerations hash by a method in Python, and names are keys of everything here.
    __hash__ = str.__hash__


class Name(NamedTuple):
    """A digest, taken apart and checked."""

    kind: Kind
    hex: str

    @property
    def digest(self) -> Digest:
        """Put the name together again."""
        return Digest(self.kind + ":" + self.hex)  # to format an enumeration takes four times as long

    @property
    def raw(self) -> bytes:
        """The 32 bytes."""
        return bytes.fromhex(self.hex)


def hasher(kind: Kind = Kind.BLOB) -> blake3:
    """Give a fresh hash state for one kind of object."""
    return blake3() if kind is Kind.BLOB else blake3(derive_key_context=_TREE_CONTEXT)


def name_of(data: bytes | memoryview, kind: Kind = Kind.BLOB) -> Name:
    """Name bytes."""
    if kind is Kind.BLOB:
        return Name(kind, blake3(data).hexdigest())
    return Name(kind, blake3(data, derive_key_context=_TREE_CONTEXT).hexdigest())


def hash_bytes(data: bytes) -> Digest:
    """Give the digest that a file with these bytes has."""
    return name_of(data).digest
