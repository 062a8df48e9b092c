"""Bytes from the store to a place in the work tree: whole or not at all, and never through a link."""

import contextlib
import os
import stat
import time
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
from pivot.cache.signature import TICK_NS
from pivot.cache.sources import Content
from pivot.cache.tree import Tree, decode

_MANY = 8192
"""Files from which on a wait of two ticks costs less than setting the time of each."""


class Wanted(NamedTuple):
    """Something to restore."""

    name: Name
    target: str
    executable: bool = False
    aside: str | None = None
    """Where the old content goes."""


Placed = tuple[bytes, Content]
"""The row of a file that was restored, and what it holds."""


class Folder(NamedTuple):
    """A folder of a tree that is being restored."""

    path: str
    ino: int


class Restorer:
    """Puts objects where they are wanted.

    restore         claim all, announce all, then each by itself
      file, tree    build under a temporary name beside the target, then rename
    """

    def __init__(self, objects: Objects, seals: Seals, lease: Lease, linker: Linker, *, many: int = _MANY) -> None:
        self._objects, self._seals, self._lease, self._linker = objects, seals, lease, linker
        self._many = many

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
        key, status = row_key(folder.st_ino, os.path.basename(os.fsencode(target))), os.lstat(target)
        if stat.S_ISLNK(status.st_mode):
            return key, content  # what it leads to is as it was, or was set aside meanwhile
        # The rename has changed the ctime, of the object too if this is a hard link to it.
        before = self._seals.get(name)
        if before is not None and before.ino == content.seen.ino:
            self._seals.reseal(name, before)
        return key, content._replace(seen=content.seen._replace(ctime_ns=status.st_ctime_ns))

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
        awaits_tick = len(tree.entries) > self._many

        def place(entries: Sequence[Entry]) -> list[Placed]:
            return [place_one(entry) for entry in entries]

        def place_one(entry: Entry) -> Placed:
            above, _, base = entry.path.rpartition("/")
            folder, ino = folders[above]
            spot = Spot(f"{folder}/{_local(base)}", entry.executable, device, awaits_tick)
            return row_key(ino, raw_path(base)), self._member(entry, spot, ways)

        files = list(tree.files)
        sizes = [entry.size for entry in files]
        placed = settled(done for _, done in spread_files(place, files, sizes, threads, all_of_them=False))
        # Last, so that no path above goes through one of them.
        for entry in tree.entries:
            if entry.kind is EntryKind.LINK:
                os.symlink(_local(entry.target), f"{top}/{_local(entry.path)}")
        if awaits_tick:
            time.sleep(2 * TICK_NS / 1e9)
        return [file for part in placed for file in part]

    def _member(self, entry: Entry, spot: Spot, ways: Sequence[Way]) -> Content:
        try:
            return self._linker.place(entry.name, spot, ways)
        except FileExistsError as error:
            raise UnsafeTreeError(
                f"entry {entry.path[:200]!r} has the name of another one on this file system\nrename one of them"
            ) from error


def _local(path: str) -> str:
    return path if path.isascii() else os.fsdecode(raw_path(path))


def _make_folders(tree: Tree, top: str) -> dict[str, Folder]:
    """Make the folders of a tree, and give them by their paths in it."""
    made = {"": Folder(top, os.stat(top).st_ino)}
    for entry in tree.entries:
        folder = entry.path if entry.kind is EntryKind.FOLDER else entry.path.rpartition("/")[0]
        if folder not in made:
            _make_folder(top, folder, made)
    return made


def _make_folder(top: str, folder: str, made: dict[str, Folder]) -> None:
    above = folder.rpartition("/")[0]
    if above not in made:
        _make_folder(top, above, made)
    path = f"{top}/{_local(folder)}"
    with contextlib.suppress(FileExistsError):
        os.mkdir(path)
    made[folder] = Folder(path, os.stat(path).st_ino)
