"""Bytes from the store to a place in the work tree: whole or not at all, and never through a link."""

import contextlib
import enum
import errno
import os
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from pivot.cache.digest import Name
from pivot.cache.entries import Entry, EntryKind, raw_path
from pivot.cache.errors import UnsafeTreeError
from pivot.cache.exchange import discard, exchange, link_text
from pivot.cache.facts import placed_mtime_ns
from pivot.cache.files import clone, copy_hashing, is_regular, open_regular, space_checked
from pivot.cache.leases import Lease, temporary_beside
from pivot.cache.objects import Objects
from pivot.cache.seals import Seals
from pivot.cache.signature import signature_of
from pivot.cache.sources import Content
from pivot.cache.tree import Tree


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


class Placed(NamedTuple):
    """A file that was restored, for the table of known files."""

    entry: Entry
    content: Content


class Restorer:
    """Puts objects where they are wanted.

    file, tree   build under a temporary name beside the target, then rename
      place      the first link mode that works here; a copy always does
    """

    def __init__(self, objects: Objects, seals: Seals, lease: Lease, root: str) -> None:
        self._objects, self._seals, self._lease, self._root = objects, seals, lease, root
        self._cannot_clone: set[int] = set()
        self._makers: dict[Link, Callable[[Name, str, bool], bool]] = {
            Link.REFLINK: self._reflink,
            Link.COPY: self._copy,
            Link.HARDLINK: self._hardlink,
            Link.SYMLINK: self._symlink,
        }

    def file(self, name: Name, target: str, modes: Sequence[Link], *, executable: bool, aside: str | None) -> Content:
        """Restore one file and say what is there now."""
        temporary = self._announced(target)
        try:
            content = self.place(name, temporary, modes, executable=executable)
            exchange(temporary, target, aside)
        finally:
            self._discard(temporary)
        # The rename has changed the ctime, of the object too if this is a hard link to it.
        ctime = os.stat(target).st_ctime_ns
        before = self._seals.get(name)
        if before is not None and before.ino == content.seen.ino:
            self._seals.reseal(name, before)
        return content._replace(seen=content.seen._replace(ctime_ns=ctime))

    def tree(self, tree: Tree, target: str, modes: Sequence[Link], aside: str | None) -> list[Placed]:
        """Restore a directory and say which files are there now."""
        temporary = self._announced(target)
        os.mkdir(temporary)
        try:
            placed = self._fill(tree, temporary, modes)
            exchange(temporary, target, aside)
        finally:
            self._discard(temporary)
        return placed

    def place(self, name: Name, path: str, modes: Sequence[Link], *, executable: bool) -> Content:
        """Make a file that is not there yet."""
        for mode in modes:
            try:
                made = self._makers[mode](name, path, executable)
            except OSError as error:
                if error.errno not in _NOT_HERE or mode is Link.COPY:
                    raise
                made = False
            if made:
                return Content(name, signature_of(os.stat(path)))
        self._copy(name, path, executable)
        return Content(name, signature_of(os.stat(path)))

    def _announced(self, target: str) -> str:
        temporary = temporary_beside(target)
        self._lease.announce([temporary])
        return temporary

    def _discard(self, temporary: str) -> None:
        try:
            discard(temporary)
        except OSError:
            self._lease.leave()
            raise

    def _fill(self, tree: Tree, top: str, modes: Sequence[Link]) -> list[Placed]:
        made = {""}
        placed = []
        for entry in tree.entries:
            path = _local(entry.path)
            _make_folders(top, path if entry.kind is EntryKind.FOLDER else path.rpartition("/")[0], made)
            if entry.kind is EntryKind.FILE:
                placed.append(self._member(entry, f"{top}/{path}", modes))
        # Last, so that no path above goes through one of them.
        for entry in tree.entries:
            if entry.kind is EntryKind.LINK:
                os.symlink(_local(entry.target), f"{top}/{_local(entry.path)}")
        return placed

    def _member(self, entry: Entry, path: str, modes: Sequence[Link]) -> Placed:
        try:
            return Placed(entry, self.place(entry.name, path, modes, executable=entry.executable))
        except FileExistsError as error:
            raise UnsafeTreeError(
                f"entry {entry.path[:200]!r} has the name of another one on this file system\nrename one of them"
            ) from error

    def _copy(self, name: Name, path: str, executable: bool) -> bool:
        source = self._objects.open(name)
        try:
            with space_checked(os.path.dirname(path), path, os.fstat(source).st_size):
                right = is_regular(os.fstat(source)) and self._copied(source, path, executable) == name
        finally:
            os.close(source)
        if not right:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)  # there is none if the object was no file
            self._objects.refuse(name)
        return True

    def _copied(self, source: int, path: str, executable: bool) -> Name:
        with _new_file(path, executable=executable) as target:
            return copy_hashing(source, target)

    def _reflink(self, name: Name, path: str, executable: bool) -> bool:
        device = os.stat(os.path.dirname(path)).st_dev
        if device in self._cannot_clone:
            return False
        source = open_regular(self._objects.require(name))
        try:
            with _new_file(path, executable=executable) as target:
                done = clone(source, target)
        finally:
            os.close(source)
        if not done:
            os.unlink(path)
            self._cannot_clone.add(device)
        return done

    def _hardlink(self, name: Name, path: str, executable: bool) -> bool:
        if executable:
            return False  # the mode is the object's own
        source = self._objects.require(name)
        before = self._seals.get(name)
        os.link(source, path, follow_symlinks=False)
        self._seals.reseal(name, before)
        return True

    def _symlink(self, name: Name, path: str, executable: bool) -> bool:
        source = self._objects.require(name)
        # Where the store has no modes, all objects may look executable; a link would show that.
        if executable or os.stat(source).st_mode & 0o111:
            return False
        os.symlink(link_text(source, path, self._root), path)
        return True


@contextlib.contextmanager
def _new_file(path: str, *, executable: bool) -> Iterator[int]:
    descriptor = os.open(path, _NEW, 0o777 if executable else 0o666)
    try:
        yield descriptor
        moment = placed_mtime_ns()
        os.utime(descriptor, ns=(moment, moment))
    finally:
        os.close(descriptor)


def _local(path: str) -> str:
    return os.fsdecode(raw_path(path))


def _make_folders(top: str, folder: str, made: set[str]) -> None:
    if folder in made:
        return
    _make_folders(top, folder.rpartition("/")[0], made)
    with contextlib.suppress(FileExistsError):
        os.mkdir(f"{top}/{folder}")
    made.add(folder)
