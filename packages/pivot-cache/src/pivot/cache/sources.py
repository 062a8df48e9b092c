"""Files outside the store, read while they hold still."""

import os
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from pivot.cache.digest import Name, name_of
from pivot.cache.errors import ChangedError, NotStorableError
from pivot.cache.files import CHUNK, hash_descriptor, is_regular, open_regular, read_all
from pivot.cache.signature import Signature, signature_of

_TRIES = 3

Got = TypeVar("Got")


class Content(NamedTuple):
    """A file as it was while it was read."""

    name: Name
    seen: Signature


def read_still(path: str | bytes, read: Callable[[int, int], Got], *, follow: bool = False) -> tuple[Got, Signature]:
    """Open a file and read it with `read`, again if it changed meanwhile; raise `ChangedError`."""
    for _ in range(_TRIES):
        descriptor = _open_source(path, follow=follow)
        try:
            before = os.fstat(descriptor)
            if not is_regular(before):
                raise NotStorableError(f"{os.fsdecode(path)} is no regular file\nremove it or write a file instead")
            got = read(descriptor, before.st_size)
            seen = signature_of(os.fstat(descriptor))
        finally:
            os.close(descriptor)
        if seen[:3] == (before.st_size, before.st_mtime_ns, before.st_ctime_ns):
            return got, seen
    raise ChangedError(f"{os.fsdecode(path)} changed while it was read\nis something still writing to it?")


def hash_file(path: str | bytes) -> Content:
    """Hash a file, through a link as a reader would."""
    return Content(*read_still(path, _hash, follow=True))


def _hash(descriptor: int, size: int) -> Name:
    return name_of(read_all(descriptor, size)) if size <= CHUNK else hash_descriptor(descriptor)


def _open_source(path: str | bytes, *, follow: bool) -> int:
    try:
        return open_regular(path, follow=follow)
    except OSError as error:
        if os.path.islink(path) and not follow:
            raise NotStorableError(f"{os.fsdecode(path)} is a symbolic link\nwrite a file instead") from error
        raise
