"""Bytes from the store to a place in the work tree: whole or not at all, and never through a link."""

import contextlib
import os
from collections.abc import Sequence
from typing import NamedTuple

from pivot.cache.digest import Kind, Name
from pivot.cache.entries import Entry, EntryKind, raw_path
from pivot.cache.errors import UnsafeTreeError
from pivot.cache.exchange import discard, exchange
from pivot.cache.facts import row_key
from pivot.cache.files import SpaceChecked
from pivot.cache.leases import Lease, temporary_beside
from pivot.cache.links import Link, Linker, Spot, Way
from pivot.cache.many import settled, spread, spread_files, uncollected
from pivot.cache.objects import Objects
from pivot.cache.seals import Seals
from pivot.cache.sources import Content
from pivot.cache.tree import Tree, decode


class Wanted(NamedTuple):
    """Something to restore."""

    name: Name
    target: str
    executable: bool = False
    aside: str | None = None
    """Where the old content goes."""


class Placed(NamedTuple):
    """A file that was restored, for the table of known files."""

    key: bytes
    content: Content


class Restorer:
    """Puts objects where they are wanted.

    restore         claim all, announce all, then each by itself
      file, tree    build under a temporary name beside the target, then rename
    """

    def __init__(self, objects: Objects, seals: Seals, lease: Lease, linker: Linker) -> None:
        self._objects, self._seals, self._lease, self._linker = objects, seals, lease, linker

    def restore(self, wanted: Sequence[Wanted], modes: Sequence[Link], threads: int) -> list[list[Placed] | Exception]:
        """Restore files and directories; give for each which files are there now, or why the old content is."""
        self._objects.hold([one.name for one in wanted])
        temporaries = [temporary_beside(one.target) for one in wanted]
        self._lease.announce(temporaries)
        within = threads if len(wanted) == 1 else 1
        pairs = list(zip(wanted, temporaries, strict=True))
        ways = self._linker.ways(modes)
        return spread(lambda pair: self._one(*pair, ways, within), pairs, threads)

    def _one(self, wanted: Wanted, temporary: str, ways: Sequence[Way], threads: int) -> list[Placed]:
        with SpaceChecked(os.path.dirname(wanted.target), wanted.target):
            try:
                if wanted.name.kind is Kind.BLOB:
                    return [self._file(wanted, temporary, ways)]
                return self._tree(wanted, temporary, ways, threads)
            finally:
                self._discard(temporary)

    def _file(self, wanted: Wanted, temporary: str, ways: Sequence[Way]) -> Placed:
        name, target, executable, aside = wanted
        folder = os.stat(os.path.dirname(target))
        content = self._linker.place(name, Spot(temporary, executable, folder.st_dev), ways)
        exchange(temporary, target, aside)
        self._discard(temporary)  # a rename does nothing where both are links to one file
        # The rename has changed the ctime, of the object too if this is a hard link to it.
        ctime = os.stat(target).st_ctime_ns
        before = self._seals.get(name)
        if before is not None and before.ino == content.seen.ino:
            self._seals.reseal(name, before)
        key = row_key(folder.st_ino, os.path.basename(os.fsencode(target)))
        return Placed(key, content._replace(seen=content.seen._replace(ctime_ns=ctime)))

    @uncollected()
    def _tree(self, wanted: Wanted, temporary: str, ways: Sequence[Way], threads: int) -> list[Placed]:
        tree = decode(self._objects.load(wanted.name), self._objects.load)
        os.mkdir(temporary)
        placed = self._fill(tree, temporary, ways, threads)
        exchange(temporary, wanted.target, wanted.aside)
        return placed

    def _discard(self, temporary: str) -> None:
        try:
            discard(temporary)
        except OSError:
            self._lease.leave()
            raise

    def _fill(self, tree: Tree, top: str, ways: Sequence[Way], threads: int) -> list[Placed]:
        folders = _make_folders(tree, top)
        device = os.stat(top).st_dev

        def place(entries: Sequence[Entry]) -> list[Placed]:
            return [self._member(entry, f"{top}/{_local(entry.path)}", device, folders, ways) for entry in entries]

        files = list(tree.files)
        sizes = [entry.size for entry in files]
        placed = settled(done for _, done in spread_files(place, files, sizes, threads, all_of_them=False))
        # Last, so that no path above goes through one of them.
        for entry in tree.entries:
            if entry.kind is EntryKind.LINK:
                os.symlink(_local(entry.target), f"{top}/{_local(entry.path)}")
        return [file for part in placed for file in part]

    def _member(self, entry: Entry, path: str, device: int, folders: dict[str, int], ways: Sequence[Way]) -> Placed:
        above, _, base = entry.path.rpartition("/")
        try:
            content = self._linker.place(entry.name, Spot(path, entry.executable, device), ways)
        except FileExistsError as error:
            raise UnsafeTreeError(
                f"entry {entry.path[:200]!r} has the name of another one on this file system\nrename one of them"
            ) from error
        return Placed(row_key(folders[above], raw_path(base)), content)


def _local(path: str) -> str:
    return path if path.isascii() else os.fsdecode(raw_path(path))


def _make_folders(tree: Tree, top: str) -> dict[str, int]:
    """Make the folders of a tree, and give the inode of each."""
    made = {"": os.stat(top).st_ino}
    for entry in tree.entries:
        _make_folder(top, entry.path if entry.kind is EntryKind.FOLDER else entry.path.rpartition("/")[0], made)
    return made


def _make_folder(top: str, folder: str, made: dict[str, int]) -> None:
    if folder in made:
        return
    _make_folder(top, folder.rpartition("/")[0], made)
    path = f"{top}/{_local(folder)}"
    with contextlib.suppress(FileExistsError):
        os.mkdir(path)
    made[folder] = os.stat(path).st_ino
