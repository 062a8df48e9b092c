"""How one file gets from the store to a place where there is none yet."""

import enum
import errno
import itertools
import os
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from pivot.cache.digest import Name, name_of
from pivot.cache.exchange import link_text
from pivot.cache.facts import placed_mtime_ns
from pivot.cache.files import CHUNK, SpaceChecked, clone, copy_hashing, is_regular, open_regular, read_all, write_all
from pivot.cache.objects import Objects
from pivot.cache.seals import Seals
from pivot.cache.signature import Signature, signature, signature_of
from pivot.cache.sources import Content


class Link(enum.Enum):
    """How a file gets from the store to the work tree."""

    REFLINK = "reflink"
    """Shares the blocks until one side is written to (XFS, btrfs, APFS); safe and nearly free."""
    COPY = "copy"
    """Verified while it is copied."""
    HARDLINK = "hardlink"
    """The same file under two names: free, read-only, and an edit in place damages the store (seen at the next use)."""
    SYMLINK = "symlink"
    """A link to the object: as a hard link, and dangling when the store goes away."""


_NOT_HERE = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES, errno.EINVAL}
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW

Filled = TypeVar("Filled")


class Spot(NamedTuple):
    """Where a file is to appear."""

    path: str
    executable: bool
    device: int
    awaits_tick: bool = False
    """The clock ticks before anybody else can see it, so it need not look older than it is."""


Way = Callable[[Name, Spot], Signature | None]
"""Makes a file, or gives None where that cannot be done."""


class Linker:
    """Makes a file with the bytes of an object.

    ways      what to try
    place     the first of them that works here, or a copy
    """

    def __init__(self, objects: Objects, seals: Seals, root: str) -> None:
        self._objects, self._seals, self._root = objects, seals, root
        self._cannot_clone: set[int] = set()
        self._makers: dict[Link, Way] = {
            Link.REFLINK: self._reflink,
            Link.HARDLINK: self._hardlink,
            Link.SYMLINK: self._symlink,
        }

    def ways(self, modes: Sequence[Link]) -> list[Way]:
        """Give what to try before a copy, which always works."""
        return [self._makers[mode] for mode in itertools.takewhile(lambda mode: mode is not Link.COPY, modes)]

    def place(self, name: Name, spot: Spot, ways: Sequence[Way]) -> Content:
        """Make a file that is not there yet."""
        for way in ways:
            try:
                seen = way(name, spot)
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    self._objects.require(name)  # set aside by another process meanwhile: a miss
                    raise
                continue
            if seen is not None:
                return Content(name, seen)
        return Content(name, self._copy(name, spot))

    def _copy(self, name: Name, spot: Spot) -> Signature:
        data = self._objects.small(name)
        return self._copy_closely(name, spot) if data is None else _write_new(spot, data)

    def _copy_closely(self, name: Name, spot: Spot) -> Signature:
        source = self._objects.open(name)
        try:
            status = os.fstat(source)
            if not is_regular(status):
                self._objects.refuse(name)
            if status.st_size > CHUNK:
                return self._copy_large(source, status.st_size, name, spot)
            data = read_all(source, status.st_size)
        finally:
            os.close(source)
        if name_of(data) != name:
            self._objects.refuse(name)
        return _write_new(spot, data)

    def _copy_large(self, source: int, size: int, name: Name, spot: Spot) -> Signature:
        with SpaceChecked(os.path.dirname(spot.path), spot.path, size):
            copied, seen = _new_file(spot, lambda target: copy_hashing(source, target))
        if copied != name:
            os.unlink(spot.path)
            self._objects.refuse(name)
        return seen

    def _reflink(self, name: Name, spot: Spot) -> Signature | None:
        if spot.device in self._cannot_clone:
            return None
        source = open_regular(self._objects.require(name))
        try:
            done, seen = _new_file(spot, lambda target: clone(source, target))
        finally:
            os.close(source)
        if done:
            return seen
        os.unlink(spot.path)
        self._cannot_clone.add(spot.device)
        return None

    def _hardlink(self, name: Name, spot: Spot) -> Signature | None:
        if spot.executable:
            return None  # the mode is the object's own
        source = self._objects.require(name)
        before = self._seals.get(name)
        os.link(source, spot.path, follow_symlinks=False)
        self._seals.reseal(name, before)
        return signature(spot.path)

    def _symlink(self, name: Name, spot: Spot) -> Signature | None:
        source = self._objects.require(name)
        # Where the store has no modes, all objects may look executable; a link would show that.
        if spot.executable or os.stat(source).st_mode & 0o111:
            return None
        os.symlink(link_text(source, spot.path, self._root), spot.path)
        return signature(spot.path)


def _write_new(spot: Spot, data: bytes) -> Signature:
    descriptor = _opened_new(spot)
    try:
        write_all(descriptor, data)
        return _placed(descriptor, spot)
    finally:
        os.close(descriptor)


def _new_file(spot: Spot, fill: Callable[[int], Filled]) -> tuple[Filled, Signature]:
    descriptor = _opened_new(spot)
    try:
        return fill(descriptor), _placed(descriptor, spot)
    finally:
        os.close(descriptor)


def _opened_new(spot: Spot) -> int:
    return os.open(spot.path, _NEW, 0o777 if spot.executable else 0o666)


def _placed(descriptor: int, spot: Spot) -> Signature:
    if not spot.awaits_tick:
        moment = placed_mtime_ns()
        os.utime(descriptor, ns=(moment, moment))
    return signature_of(os.fstat(descriptor))
