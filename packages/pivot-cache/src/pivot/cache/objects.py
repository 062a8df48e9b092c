"""The objects of a store: put whole, looked at before use, healed or set aside when damaged."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pivot.cache.boot import boot_id
from pivot.cache.digest import Kind, Name, name_of
from pivot.cache.errors import ChangedError, DamagedError, MissingError, NotStorableError, ReadOnlyError
from pivot.cache.files import (
    CANONICAL_MTIME_NS,
    CHUNK,
    Draft,
    clone,
    copy_hashing,
    drafting,
    hash_descriptor,
    is_regular,
    open_regular,
    read_all,
    space_checked,
    sync_folder,
    write_all,
)
from pivot.cache.index import Index
from pivot.cache.layout import Layout
from pivot.cache.leases import Lease
from pivot.cache.rows import DURABLE, Seal, unpack_seal
from pivot.cache.signature import Signature, signature_of

_TRIES = 3
_LINK_TRIES = 5
_RENEW = 3600
_PLAIN_MODE = 0o100444
_SYNCED = b"b"


class Content(NamedTuple):
    """A file as it was while it was read."""

    name: Name
    seen: Signature


class Objects:
    """Bytes under the name of their hash.

    put_file, put_bytes   hash while writing a draft, claim the name, link the draft there
    intact                the seal: one stat and one row say that nothing has happened; else hash again
      quarantine          what is not what it should be is moved away and reported once
    load                  all bytes, verified
    """

    def __init__(self, layout: Layout, index: Index, lease: Lease, *, durability: str, writable: bool) -> None:
        self._layout, self._index, self._lease = layout, index, lease
        self._durability, self._writable = durability, writable
        self._boot = boot_id()

    def put_bytes(self, data: bytes | memoryview, kind: Kind = Kind.BLOB, *, durable: bool = False) -> Name:
        """Store bytes; the store holds them when this returns."""
        self._require_writable()
        name = name_of(data, kind)
        if not self.held(name):
            with space_checked(self._layout.root, f"{len(data)} bytes", len(data)), self._draft() as draft:
                write_all(draft.descriptor, data)
                self._publish(draft, name, durable=durable)
        return name

    def put_file(self, path: str | bytes, *, follow: bool = False, durable: bool = False) -> Content:
        """Store the bytes of a file; raise `ChangedError` if it does not hold still."""
        self._require_writable()
        return read_still(path, lambda source, size: self._take(source, size, durable), follow=follow)

    def intact(self, name: Name) -> bool:
        """Say whether the object is there with the right bytes; one that is not gets out of the way."""
        path = self._layout.object(name)
        try:
            status = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return self._sealed(name, status) or self.rehash(name)

    def held(self, name: Name) -> bool:
        """Claim an object and say whether it is there with the right bytes."""
        return self._lease.claim(name, lambda: self.intact(name))

    def rehash(self, name: Name) -> bool:
        """Hash an object whatever its seal says: seal it anew or move it to quarantine."""
        try:
            descriptor = open_regular(self._layout.object(name))
        except FileNotFoundError:
            return False
        except OSError:
            return self._set_aside(name)  # a link, or a file that cannot be opened
        try:
            right = is_regular(os.fstat(descriptor)) and hash_descriptor(descriptor, name.kind) == name
            if right:
                self._mend(name, descriptor)
        finally:
            os.close(descriptor)
        return right or self._set_aside(name)

    def require(self, name: Name) -> str:
        """Claim an object and give its path; raise `MissingError` or `DamagedError`."""
        there = self._lease.claim(name, lambda: os.path.lexists(self._layout.object(name)))
        if there and self.intact(name):
            self._used(name)
            return self._layout.object(name)
        raise damaged(name) if there else missing(name)

    def open_claimed(self, name: Name) -> int:
        """Claim an object and open it; its bytes are not checked yet."""
        path = self._layout.object(name)

        def attempt() -> int:
            try:
                return open_regular(path)
            except (FileNotFoundError, NotADirectoryError):
                raise missing(name) from None
            except OSError:
                self._set_aside(name)
                raise damaged(name) from None

        return self._lease.claim(name, attempt)

    def load(self, name: Name) -> bytes:
        """Give all bytes of an object, hashed; raise `MissingError` or `DamagedError`."""
        descriptor = self.open_claimed(name)
        try:
            status = os.fstat(descriptor)
            data = read_all(descriptor, status.st_size) if is_regular(status) else b""
            if not is_regular(status) or name_of(data, name.kind) != name:
                self.discard_damaged(name)
        finally:
            os.close(descriptor)
        self._used(name)
        return data

    def discard_damaged(self, name: Name) -> None:
        """Set an object aside whose bytes were just seen to be wrong; raise `DamagedError`."""
        # Looked at again: the bytes may have been wrong only in passing (another process healed the object).
        if not self.rehash(name):
            raise damaged(name)
        raise ChangedError(f"object {name.digest} changed while it was read\ntry again")

    def reseal(self, name: Name, before: Seal | None) -> None:
        """Renew a seal after our own hard link changed the ctime, if nothing else did."""
        with contextlib.suppress(FileNotFoundError):
            now = os.lstat(self._layout.object(name))
            unchanged = before is not None and (before.size, before.mtime_ns, before.ino) == (
                now.st_size,
                now.st_mtime_ns,
                now.st_ino,
            )
            if unchanged and now.st_mode == _PLAIN_MODE:
                self._seal(name, now, before.boot if before is not None else self._boot)

    def seal_of(self, name: Name) -> Seal | None:
        """Give the seal as it is recorded."""
        return unpack_seal(self._index.get(_key(name)))

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
        """Delete an object and what is known about it."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._layout.object(name))
        self._index.put(_key(name), None)

    def mark_synced(self) -> Callable[[], None]:
        """Take the time now; the function that this gives trusts all seals up to then after a power cut."""
        reached = time.monotonic_ns()
        return lambda: self._index.put(_SYNCED + self._boot, reached.to_bytes(8, "little"))

    # -- putting

    def _take(self, source: int, size: int, durable: bool) -> Name:
        if size > CHUNK:
            return self._take_large(source, size, durable)
        # Bytes in memory: hashed and written from one buffer, and written only if nobody has them yet.
        return self.put_bytes(read_all(source, size), durable=durable)

    def _take_large(self, source: int, size: int, durable: bool) -> Name:
        with space_checked(self._layout.root, f"a file of {size} bytes", size), self._draft() as draft:
            if clone(source, draft.descriptor):
                name = hash_descriptor(draft.descriptor)
            else:
                os.lseek(source, 0, os.SEEK_SET)
                name = copy_hashing(source, draft.descriptor)
            if not self.held(name):
                self._publish(draft, name, durable=durable)
        return name

    def _draft(self) -> contextlib.AbstractContextManager[Draft]:
        return drafting(self._layout.below("tmp"))

    def _publish(self, draft: Draft, name: Name, *, durable: bool) -> None:
        durable = durable or self._durability == "strict"
        path = self._layout.object(name)
        draft.finish(durable=durable)
        for _ in range(_LINK_TRIES):
            try:
                status = draft.publish(path)
            except FileExistsError:
                # Never replaced: either somebody was faster, or it is damaged and goes away.
                if self.intact(name):
                    return
            else:
                break
        else:
            raise damaged(name)
        if durable:
            sync_folder(os.path.dirname(path))
        self._seal(name, status, DURABLE if durable else self._boot)

    # -- trusting

    def _sealed(self, name: Name, status: os.stat_result) -> bool:
        seal = unpack_seal(self._index.get(_key(name)))
        if seal is None or status.st_mode != _PLAIN_MODE:
            return False
        now = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        return now == seal[:4] and self._outlived(seal)

    def _outlived(self, seal: Seal) -> bool:
        if seal.boot in (self._boot, DURABLE):
            return True
        reached = self._index.get(_SYNCED + seal.boot)
        return reached is not None and seal.sealed_at <= int.from_bytes(reached, "little")

    def _mend(self, name: Name, descriptor: int) -> None:
        before = self.seal_of(name)
        if self._writable:
            with contextlib.suppress(OSError):  # of another user: the bytes are right all the same
                os.fchmod(descriptor, 0o444)
                os.utime(descriptor, ns=(CANONICAL_MTIME_NS, CANONICAL_MTIME_NS))
        # Read back after a reboot: then it came from the disk.
        rebooted = before is not None and before.boot != self._boot
        status = os.fstat(descriptor)
        if status.st_mode == _PLAIN_MODE:
            self._seal(name, status, DURABLE if rebooted else self._boot)

    def _seal(self, name: Name, status: os.stat_result, boot: bytes) -> None:
        seen = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        self._index.put(_key(name), Seal(*seen, boot, time.monotonic_ns(), _seconds()).pack())

    def _used(self, name: Name) -> None:
        # Hours are enough for garbage collection, and a process that only reads need not write.
        seal = self.seal_of(name)
        if seal is not None and _seconds() - seal.last_used > _RENEW:
            self._index.put(_key(name), seal._replace(last_used=_seconds()).pack())

    # -- damage

    def _set_aside(self, name: Name) -> bool:
        self._index.put(_key(name), None)
        if self._writable:
            target = self._layout.below(f"quarantine/{name.kind.value}-{name.hex}.{time.time_ns()}")
            try:
                os.rename(self._layout.object(name), target)
            except FileNotFoundError:
                return False  # another process did it, and said so
        _report(name, self._layout.object(name))
        return False

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


def missing(name: Name) -> MissingError:
    """Make the error for an object that is not there."""
    return MissingError(name.digest, f"the store has no {name.digest}\nmake it again, or fetch it")


def damaged(name: Name) -> DamagedError:
    """Make the error for an object that had other bytes than its name says."""
    return DamagedError(name.digest, f"{name.digest} was damaged and is in quarantine\nmake it again, or fetch it")


def _report(name: Name, path: str) -> None:
    import logging

    logging.getLogger("pivot.cache").warning(
        "cache object %s was modified or damaged (%s; edited through a link?); moved to quarantine", name.digest, path
    )


def _key(name: Name) -> bytes:
    return (b"o" if name.kind is Kind.BLOB else b"t") + name.raw


def _seconds() -> int:
    return min(max(int(time.time()), 0), 0xFFFF_FFFF)
