"""Whether an object still has the bytes of its name: a stat and a row if nothing happened to it, else a hash."""

import contextlib
import os
import time
from collections.abc import Iterable, Sequence

from pivot.cache.digest import Kind, Name
from pivot.cache.errors import DamagedError, MissingError
from pivot.cache.files import CANONICAL_MTIME_NS, NoObjectError, hash_descriptor, is_regular, open_object
from pivot.cache.index import Index
from pivot.cache.layout import Layout
from pivot.cache.rows import DURABLE, Seal, unpack_seal

_RENEW = 3600
_PLAIN_MODE = 0o100444
_SYNCED = b"b"
_TRIES = 5


class Seals:
    """Seals of objects: size, mtime, ctime and inode at the time when the bytes were known to be right.

    intact, intact_each    compare the seal; hash again if it does not fit
      rehash               seal anew, or set aside
    seal, seal_each        record a new one
    set_aside              move to quarantine and report once
    """

    def __init__(self, layout: Layout, index: Index, *, boot: bytes, writable: bool) -> None:
        self._layout, self._index, self._boot, self._writable = layout, index, boot, writable
        self._stuck: dict[Name, tuple[int, int]] = {}

    def intact(self, name: Name) -> bool:
        """Say whether the object is there with the right bytes; one that is not gets out of the way."""
        return self.intact_each([name])[0]

    def intact_each(self, names: Sequence[Name]) -> list[bool]:
        """Say of each whether it is there with the right bytes, and note that those were used."""
        found = {name: status for name in names if (status := self._stat(name)) is not None}
        seals = dict(zip(found, map(unpack_seal, self._index.get_many(map(_key, found))), strict=True))
        there, renewed = [], {}
        for name in names:
            status, seal = found.get(name), seals.get(name)
            if status is None or seal is None or not self._fits(seal, status):
                there.append(status is not None and not self.is_stuck(name) and self.rehash(name))
            else:
                there.append(True)
                if _is_old(seal):
                    renewed[_key(name)] = seal._replace(last_used=_seconds()).pack()
        if renewed:
            self._index.put_many(renewed)
        return there

    def rehash(self, name: Name) -> bool:
        """Hash an object whatever its seal says: seal it anew or move it to quarantine."""
        for _ in range(_TRIES):
            try:
                descriptor = open_object(self._layout.object(name))
            except FileNotFoundError:
                return False
            except NoObjectError:
                return self.set_aside(name)
            try:
                status = os.fstat(descriptor)
                right = is_regular(status) and hash_descriptor(descriptor, name.kind) == name
                if right:
                    self._mend(name, descriptor)
            finally:
                os.close(descriptor)
            # Another process may have seen it too, and a good one be there by now: that one is not set aside.
            if right or self._is_there(name, status):
                return right or self.set_aside(name)
        return False

    def seal(self, name: Name, status: os.stat_result, *, durable: bool = False) -> None:
        """Record that the bytes are right now; `durable` if they are also known to be on the disk."""
        self.seal_each([(name, status)], durable=durable)

    def seal_each(self, objects: Iterable[tuple[Name, os.stat_result]], *, durable: bool = False) -> None:
        """Record of each that its bytes are right."""
        boot = DURABLE if durable else self._boot
        self._index.put_many({_key(name): _sealed(status, boot) for name, status in objects})

    def reseal(self, name: Name, before: Seal | None) -> None:
        """Renew a seal after our own hard link changed the ctime, if nothing else did."""
        with contextlib.suppress(FileNotFoundError):
            now = os.lstat(self._layout.object(name))
            if before is None or now.st_mode != _PLAIN_MODE:
                return
            if (before.size, before.mtime_ns, before.ino) == (now.st_size, now.st_mtime_ns, now.st_ino):
                self._index.put(_key(name), _sealed(now, before.boot))

    def outlives(self, name: Name) -> bool:
        """Say whether an object is known to be on the disk, as it was when it was sealed."""
        seal = self.get(name)
        return seal is not None and (seal.boot == DURABLE or self._reached(seal))

    def secured(self, name: Name, status: os.stat_result) -> None:
        """Note that an object, with this stat, is on the disk now."""
        seal = self.get(name)
        if seal is not None and _is_of(seal, status):
            self.seal(name, status, durable=True)

    def get(self, name: Name) -> Seal | None:
        """Give the seal as it is recorded."""
        return unpack_seal(self._index.get(_key(name)))

    def used(self, name: Name) -> None:
        """Note that an object was used; hours are enough, so that a process that only reads need not write."""
        seal = self.get(name)
        if seal is not None and _is_old(seal):
            self._index.put(_key(name), seal._replace(last_used=_seconds()).pack())

    def drop(self, name: Name) -> None:
        """Forget a seal."""
        self._index.put(_key(name), None)

    def synced(self, reached_ns: int) -> None:
        """Note that everything sealed before this moment (monotonic) is on the disk."""
        self._index.put(_SYNCED + self._boot, reached_ns.to_bytes(8, "little"))

    def set_aside(self, name: Name) -> bool:
        """Move a damaged object to quarantine; always False, for its caller to return."""
        self.drop(name)
        path = self._layout.object(name)
        if self._writable:
            try:
                os.rename(path, self._layout.below(f"quarantine/{name.kind}-{name.hex}.{time.time_ns()}"))
            except FileNotFoundError:
                return False  # another process did it, and said so
            except PermissionError:
                return self._leave(name)
        _report(name, path)
        return False

    def _stat(self, name: Name) -> os.stat_result | None:
        try:
            return os.lstat(self._layout.object(name))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def damage(self, name: Name) -> DamagedError:
        """Make the error for an object that had other bytes than its name says."""
        if self.is_stuck(name):
            place = self._layout.object(name)
            return DamagedError(name.digest, f"{place} is damaged, and another user's\nask its owner to delete it")
        return DamagedError(name.digest, f"{name.digest} was damaged and is in quarantine\nmake it again, or fetch it")

    def is_stuck(self, name: Name) -> bool:
        """Say whether an object is known to be damaged, and somebody else's whom we cannot take it from."""
        status = self._stat(name) if name in self._stuck else None
        return status is not None and self._stuck[name] == _version(status)

    def _leave(self, name: Name) -> bool:
        # A miss like any other, and told once: it is not hashed again until its owner has done something about it.
        status = self._stat(name)
        if status is not None and not self.is_stuck(name):
            self._stuck[name] = _version(status)
            _report(name, self._layout.object(name), "left, for it is another user's")
        return False

    def _fits(self, seal: Seal, status: os.stat_result) -> bool:
        return status.st_mode == _PLAIN_MODE and _is_of(seal, status) and self._outlived(seal)

    def _outlived(self, seal: Seal) -> bool:
        return seal.boot in (self._boot, DURABLE) or self._reached(seal)

    def _reached(self, seal: Seal) -> bool:
        reached = self._index.get(_SYNCED + seal.boot)
        return reached is not None and seal.sealed_at <= int.from_bytes(reached, "little")

    def _is_there(self, name: Name, status: os.stat_result) -> bool:
        with contextlib.suppress(FileNotFoundError):
            return os.path.samestat(os.lstat(self._layout.object(name)), status)
        return False

    def _mend(self, name: Name, descriptor: int) -> None:
        before, found = self.get(name), os.fstat(descriptor)
        # One that looks right is left alone: another ctime would break the seals that others have of it.
        if self._writable and (found.st_mode, found.st_mtime_ns) != (_PLAIN_MODE, CANONICAL_MTIME_NS):
            with contextlib.suppress(OSError):  # it may belong to another user; the bytes are right all the same
                os.fchmod(descriptor, 0o444)
                os.utime(descriptor, ns=(CANONICAL_MTIME_NS, CANONICAL_MTIME_NS))
        status = os.fstat(descriptor)
        if status.st_mode == _PLAIN_MODE:
            # The very file that was sealed in an earlier boot, read back in this one: so it came from the disk. Another
            # file of that name may be in memory only, and its own seal lost with the process that put it there.
            durable = before is not None and before.boot != self._boot and _is_of(before, found)
            self.seal(name, status, durable=durable)


def _sealed(status: os.stat_result, boot: bytes) -> bytes:
    seen = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    return Seal(*seen, boot, time.monotonic_ns(), _seconds()).pack()


def _is_of(seal: Seal, status: os.stat_result) -> bool:
    return seal[:4] == (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def _is_old(seal: Seal) -> bool:
    return _seconds() - seal.last_used > _RENEW


def _version(status: os.stat_result) -> tuple[int, int]:
    return status.st_ino, status.st_ctime_ns


def missing(name: Name) -> MissingError:
    """Make the error for an object that is not there."""
    return MissingError(name.digest, f"the store has no {name.digest}\nmake it again, or fetch it")


def _report(name: Name, path: str, what: str = "moved to quarantine") -> None:
    import logging

    logging.getLogger("pivot.cache").warning(
        "cache object %s was modified or damaged (%s; edited through a link?); %s", name.digest, path, what
    )


def _key(name: Name) -> bytes:
    return (b"o" if name.kind is Kind.BLOB else b"t") + name.raw


def _seconds() -> int:
    return min(max(int(time.time()), 0), 2**32 - 1)
