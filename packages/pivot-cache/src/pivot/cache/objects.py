"""The objects of a store: put whole, never replaced, checked when they are read."""

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator, Sequence

from blake3 import blake3

from pivot.cache.digest import Kind, Name, name_of
from pivot.cache.errors import ChangedError, FullError, ReadOnlyError
from pivot.cache.files import (
    CHUNK,
    Draft,
    Names,
    NoObjectError,
    SpaceChecked,
    clone,
    copy_hashing,
    hash_descriptor,
    is_regular,
    open_object,
    open_regular,
    read_all,
    sync_file,
    write_all,
)
from pivot.cache.layout import Layout
from pivot.cache.leases import Lease
from pivot.cache.many import attempted
from pivot.cache.seals import Seals, missing
from pivot.cache.signature import Signature
from pivot.cache.sources import Content, read_still

Order = Callable[[list[str]], list[str]]

_LINK_TRIES = 5
_SMALL = 1 << 14


class Objects:
    """Bytes under the name of their hash.

    put_bytes, put_file, put_files
                            hash, claim the names, write drafts of what is not there, link them there, seal them
    held, hold              claim names, so that no garbage collection takes them from now on
    load, small             the bytes, hashed
    open, require           not checked yet, or checked by seal
    """

    def __init__(self, layout: Layout, seals: Seals, lease: Lease, *, durable: bool, writable: bool) -> None:
        self._layout, self._seals, self._lease = layout, seals, lease
        self._durable, self._writable = durable, writable
        self._names = Names(layout.root)
        self._drafts = layout.below("tmp")

    def put_bytes(self, data: bytes, kind: Kind = Kind.BLOB, *, durable: bool = False) -> Name:
        """Store bytes; the store holds them when this returns."""
        self._require_writable()
        return self._put_each([data], kind, durable=durable)[0]

    def put_file(self, path: str | bytes, *, durable: bool = False) -> Content:
        """Store the bytes of a file, and give what it held."""
        self._require_writable()
        got, seen = read_still(path, self._taking(durable=durable))
        return Content(self._put_each([got], durable=durable)[0] if isinstance(got, bytes) else got, seen)

    def put_files(self, paths: Sequence[str | bytes], *, durable: bool = False) -> list[Content | Exception]:
        """Store the bytes of files; give for each what it held, or why it is not stored."""
        self._require_writable()
        take = self._taking(durable=durable)
        read = [attempted(lambda path: read_still(path, take), path) for path in paths]
        small = [got[0] for got in read if not isinstance(got, Exception) and isinstance(got[0], bytes)]
        names = iter(self._put_each(small, durable=durable))
        return [got if isinstance(got, Exception) else _content(*got, names) for got in read]

    def held(self, name: Name, *, durable: bool = False) -> bool:
        """Claim an object and say whether it is there with the right bytes; `durable` if also on the disk by then."""
        return self.held_each([name], durable=durable)[0]

    def held_each(self, names: Sequence[Name], *, durable: bool = False) -> list[bool]:
        """Claim objects and say of each whether it is there with the right bytes."""
        self._lease.claim(names)
        there = self._seals.intact_each(names)
        if durable or self._durable:
            for name in itertools.compress(names, there):
                self._secure(name)
        return there

    def hold(self, names: Sequence[Name]) -> None:
        """Claim objects whose bytes are checked later; raise `MissingError` if one is not there.

        Where the store is full they cannot be claimed, but read.
        """
        with contextlib.suppress(FullError):
            self._lease.claim(names)
        for name in names:
            if not os.path.lexists(self._layout.object(name)):
                raise missing(name)

    def require(self, name: Name) -> str:
        """Give the path of an object with the right bytes; raise `MissingError` or `DamagedError`."""
        path = self._layout.object(name)
        there = os.path.lexists(path)
        if not self._seals.intact(name):
            raise self._seals.damage(name) if there else missing(name)
        return path

    def open(self, name: Name) -> int:
        """Open an object whose bytes the caller will check."""
        try:
            return open_object(self._layout.object(name))
        except (FileNotFoundError, NotADirectoryError):
            raise missing(name) from None
        except NoObjectError as error:
            self._seals.set_aside(name)
            raise self._seals.damage(name) from error

    def small(self, name: Name) -> bytes | None:
        """Give the bytes of a small file if they are right, at the least cost; None says only: look closer."""
        try:
            descriptor = open_regular(self._layout.object(name))
        except OSError:
            return None
        try:
            data = os.read(descriptor, _SMALL)
        except IsADirectoryError:
            return None
        finally:
            os.close(descriptor)
        return data if len(data) < _SMALL and blake3(data).hexdigest() == name.hex else None

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
        raise self._seals.damage(name)

    def names(self, kind: Kind, ordered: Order = sorted) -> Iterator[Name]:
        """Give the names of all objects of a kind, in order; what is no object is passed over."""
        top = self._layout.objects(kind)
        for folder in ordered(os.listdir(top)):
            if len(folder) == 2 and os.path.isdir(f"{top}/{folder}"):
                for rest in ordered(os.listdir(f"{top}/{folder}")):
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

    def _taking(self, *, durable: bool) -> Callable[[int, int], bytes | Name]:
        """Take small files as bytes, to be put together; large ones are put at once."""

        def take(source: int, size: int) -> bytes | Name:
            return read_all(source, size) if size <= CHUNK else self._put_large(source, size, durable=durable)

        return take

    def _put_each(self, contents: Sequence[bytes], kind: Kind = Kind.BLOB, *, durable: bool = False) -> list[Name]:
        # Hashed and written from one buffer, and written only if the store does not have the bytes.
        names = [name_of(data, kind) for data in contents]
        there = self.held_each(names, durable=durable)
        absent = {name: data for name, data, held in zip(names, contents, there, strict=True) if not held}
        if not absent:
            return names
        total = sum(map(len, absent.values()))
        made = []
        with SpaceChecked(self._layout.root, f"{total} bytes", total):
            for name, data in absent.items():
                with Draft(self._drafts) as draft:
                    write_all(draft.descriptor, data)
                    made += self._publish(draft, name, durable=durable)
            self._seal(made, durable=durable)
        return names

    def _put_large(self, source: int, size: int, *, durable: bool) -> Name:
        with SpaceChecked(self._layout.root, f"a file of {size} bytes", size), Draft(self._drafts) as draft:
            # Never hashed first and copied then: a writer in between would store its bytes under another name.
            if clone(source, draft.descriptor):
                name = hash_descriptor(draft.descriptor)
            else:
                name = copy_hashing(source, draft.descriptor)
            if not self.held(name, durable=durable):
                self._seal(self._publish(draft, name, durable=durable), durable=durable)
        return name

    def _publish(self, draft: Draft, name: Name, *, durable: bool) -> list[tuple[Name, os.stat_result]]:
        """Give what is to be sealed: nothing if somebody else was faster."""
        durable = durable or self._durable
        draft.finish(durable=durable)
        status = self._linked(draft, name)
        if status is not None:
            return [(name, status)]
        if durable:
            self._secure(name)
        return []

    def _seal(self, made: list[tuple[Name, os.stat_result]], *, durable: bool) -> None:
        durable = durable or self._durable
        if durable:
            for name, _ in made:
                self._names.sync(self._layout.object(name))
        self._seals.seal_each(made, durable=durable)

    def _secure(self, name: Name) -> None:
        # Another process may have put it there, who did not mind to lose it.
        if not self._seals.outlives(name):
            path = self._layout.object(name)
            status = sync_file(path)
            self._names.sync(path)
            self._seals.secured(name, status)

    def _linked(self, draft: Draft, name: Name) -> os.stat_result | None:
        path = self._layout.object(name)
        for _ in range(_LINK_TRIES):
            try:
                return draft.publish(path)
            except FileExistsError:
                # Never replaced: either somebody was faster, or it is damaged and goes away.
                if self._seals.intact(name):
                    return None
        raise self._seals.damage(name)

    def _require_writable(self) -> None:
        if not self._writable:
            raise ReadOnlyError(f"{self._layout.root} may not be written to\ncheck its permissions")


def _content(got: bytes | Name, seen: Signature, names: Iterator[Name]) -> Content:
    return Content(got if isinstance(got, Name) else next(names), seen)
