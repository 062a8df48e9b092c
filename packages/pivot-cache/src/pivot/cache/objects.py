"""The objects of a store: put whole, never replaced, checked when they are read."""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pivot.cache.digest import Kind, Name, name_of
from pivot.cache.errors import ChangedError, FullError, NotStorableError, ReadOnlyError
from pivot.cache.files import (
    CHUNK,
    Draft,
    Names,
    NoObjectError,
    clone,
    copy_hashing,
    drafting,
    hash_descriptor,
    is_regular,
    open_object,
    open_regular,
    read_all,
    space_checked,
    sync_file,
    write_all,
)
from pivot.cache.layout import Layout
from pivot.cache.leases import Lease
from pivot.cache.seals import Seals, damaged, missing
from pivot.cache.signature import Signature, signature_of

_TRIES = 3
_LINK_TRIES = 5


class Content(NamedTuple):
    """A file as it was while it was read."""

    name: Name
    seen: Signature


class Objects:
    """Bytes under the name of their hash.

    put_file, put_bytes     hash while writing a draft, claim the name, link the draft there
    held, hold              claim a name, so that no garbage collection takes it from now on
    load, open, require     the bytes: hashed, not checked yet, or checked by seal
    """

    def __init__(self, layout: Layout, seals: Seals, lease: Lease, *, durable: bool, writable: bool) -> None:
        self._layout, self._seals, self._lease = layout, seals, lease
        self._durable, self._writable = durable, writable
        self._names = Names(layout.root)

    def put_bytes(self, data: bytes | memoryview, kind: Kind = Kind.BLOB, *, durable: bool = False) -> Name:
        """Store bytes; the store holds them when this returns."""
        self._require_writable()
        name = name_of(data, kind)
        if not self.held(name, durable=durable):
            with space_checked(self._layout.root, f"{len(data)} bytes", len(data)), self._draft() as draft:
                write_all(draft.descriptor, data)
                self._publish(draft, name, durable=durable)
        return name

    def put_file(self, path: str | bytes, *, durable: bool = False) -> Content:
        """Store the bytes of a file; raise `ChangedError` if it does not hold still."""
        self._require_writable()
        return read_still(path, lambda source, size: self._take(source, size, durable=durable))

    def held(self, name: Name, *, durable: bool = False) -> bool:
        """Claim an object and say whether it is there with the right bytes; `durable` if also on the disk by then."""
        there = self._lease.claim(name, lambda: self._seals.intact(name))
        if there:
            self._seals.used(name)
            if durable or self._durable:
                self._secure(name)
        return there

    def hold(self, name: Name) -> None:
        """Claim an object whose bytes are checked later; raise `MissingError` if it is not there.

        Where the store is full it cannot be claimed, but read.
        """
        try:
            there = self._lease.claim(name, lambda: os.path.lexists(self._layout.object(name)))
        except FullError:
            there = os.path.lexists(self._layout.object(name))
        if not there:
            raise missing(name)

    def require(self, name: Name) -> str:
        """Give the path of an object with the right bytes; raise `MissingError` or `DamagedError`."""
        path = self._layout.object(name)
        there = os.path.lexists(path)
        if not self._seals.intact(name):
            raise damaged(name) if there else missing(name)
        self._seals.used(name)
        return path

    def open(self, name: Name) -> int:
        """Open an object whose bytes the caller will check."""
        try:
            return open_object(self._layout.object(name))
        except (FileNotFoundError, NotADirectoryError):
            raise missing(name) from None
        except NoObjectError as error:
            self._seals.set_aside(name)
            raise damaged(name) from error

    def load(self, name: Name) -> bytes:
        """Give all bytes of an object, hashed; raise `MissingError` or `DamagedError`."""
        descriptor = self.open(name)
        try:
            status = os.fstat(descriptor)
            data = read_all(descriptor, status.st_size) if is_regular(status) else b""
        finally:
            os.close(descriptor)
        if not is_regular(status) or name_of(data, name.kind) != name:
            self.refuse(name)
        self._seals.used(name)
        return data

    def refuse(self, name: Name) -> None:
        """Set an object aside whose bytes were just seen to be wrong; always raises."""
        # Looked at again: another process may have healed the object meanwhile.
        if self._seals.rehash(name):
            raise ChangedError(f"object {name.digest} changed while it was read\ntry again")
        raise damaged(name)

    def names(self, kind: Kind) -> Iterator[Name]:
        """Give the names of all objects of a kind, in order; what is no object is passed over."""
        top = self._layout.objects(kind)
        for folder in sorted(os.listdir(top)):
            if len(folder) == 2 and os.path.isdir(f"{top}/{folder}"):
                for rest in sorted(os.listdir(f"{top}/{folder}")):
                    digits = folder + rest
                    if len(digits) == 64 and not digits.strip("0123456789abcdef"):
                        yield Name(kind, digits)

    def remove(self, name: Name) -> None:
        """Delete an object and what is known about it; a directory in its place is damage, and kept for a look."""
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._layout.object(name))
        except IsADirectoryError:
            self._seals.set_aside(name)
        self._seals.drop(name)

    def _take(self, source: int, size: int, *, durable: bool) -> Name:
        if size > CHUNK:
            return self._take_large(source, size, durable=durable)
        # Hashed and written from one buffer, and written only if the store does not have the bytes.
        return self.put_bytes(read_all(source, size), durable=durable)

    def _take_large(self, source: int, size: int, *, durable: bool) -> Name:
        with space_checked(self._layout.root, f"a file of {size} bytes", size), self._draft() as draft:
            # Never hashed first and copied then: a writer in between would store its bytes under another name.
            if clone(source, draft.descriptor):
                name = hash_descriptor(draft.descriptor)
            else:
                name = copy_hashing(source, draft.descriptor)
            if not self.held(name, durable=durable):
                self._publish(draft, name, durable=durable)
        return name

    def _draft(self) -> contextlib.AbstractContextManager[Draft]:
        return drafting(self._layout.below("tmp"))

    def _publish(self, draft: Draft, name: Name, *, durable: bool) -> None:
        durable = durable or self._durable
        path = self._layout.object(name)
        draft.finish(durable=durable)
        status = self._linked(draft, name, path)
        if status is not None:
            if durable:
                self._names.sync(path)
            self._seals.seal(name, status, durable=durable)
        elif durable:
            self._secure(name)

    def _secure(self, name: Name) -> None:
        # Another process may have put it there, who did not mind to lose it.
        if not self._seals.outlives(name):
            path = self._layout.object(name)
            status = sync_file(path)
            self._names.sync(path)
            self._seals.secured(name, status)

    def _linked(self, draft: Draft, name: Name, path: str) -> os.stat_result | None:
        for _ in range(_LINK_TRIES):
            try:
                return draft.publish(path)
            except FileExistsError:
                # Never replaced: either somebody was faster, or it is damaged and goes away.
                if self._seals.intact(name):
                    return None
        raise damaged(name)

    def _require_writable(self) -> None:
        if not self._writable:
            raise ReadOnlyError(f"{self._layout.root} may not be written to\ncheck its permissions")


def read_still(path: str | bytes, read: Callable[[int, int], Name], *, follow: bool = False) -> Content:
    """Open a file and read it with `read`, again if it changed meanwhile; raise `ChangedError`."""
    for _ in range(_TRIES):
        descriptor = _open_source(path, follow=follow)
        try:
            before = os.fstat(descriptor)
            if not is_regular(before):
                raise NotStorableError(f"{os.fsdecode(path)} is no regular file\nremove it or write a file instead")
            name = read(descriptor, before.st_size)
            after = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        if _contents_stat(before) == _contents_stat(after):
            return Content(name, signature_of(after))
    raise ChangedError(f"{os.fsdecode(path)} changed while it was read\nis something still writing to it?")


def _open_source(path: str | bytes, *, follow: bool) -> int:
    try:
        return open_regular(path, follow=follow)
    except OSError as error:
        if os.path.islink(path) and not follow:
            raise NotStorableError(f"{os.fsdecode(path)} is a symbolic link\nwrite a file instead") from error
        raise


def _contents_stat(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
