"""The look at every object, whatever is known about it."""

import itertools
import os
import random
from collections.abc import Iterable, Iterator

from pivot.cache.digest import Kind, Name
from pivot.cache.errors import MissingError, UnsafeTreeError
from pivot.cache.layout import Layout
from pivot.cache.names import parse
from pivot.cache.objects import Objects
from pivot.cache.report import Report
from pivot.cache.seals import Seals
from pivot.cache.tree import members

_A_READ = 128 << 10


class Verifier:
    """Hashes objects again; never answers from the index."""

    def __init__(self, layout: Layout, objects: Objects, seals: Seals) -> None:
        self._layout, self._objects, self._seals = layout, objects, seals

    def verify(self, digests: Iterable[str] | None, *, sample: float, since: float | None) -> Report:
        """Look at all objects, or at those named; what is damaged goes to quarantine."""
        size, good, damaged, incomplete, absent = 0, 0, [], [], []
        for name in self._everything() if digests is None else map(parse, digests):
            status = self._stat(name)
            if status is None:
                absent.append(name.digest)
                continue
            if (since is not None and status.st_ctime < since) or not _drawn(sample):
                continue
            size += status.st_size
            if not self._seals.rehash(name):
                damaged.append(name.digest)
            else:
                good += 1
                if not self.is_complete(name):
                    incomplete.append(name.digest)
        return Report(good + len(damaged), size, tuple(damaged), tuple(incomplete), tuple(absent), good)

    def draw(self, size: int) -> Iterator[Name]:
        """Give files by chance, of that many bytes at most; a small one counts as what a disk reads meanwhile."""
        # No trees: to say whether one is complete takes a stat for each of what may be a million members.
        for name in itertools.islice(self._objects.names(Kind.BLOB, _shuffled), size // _A_READ):
            status = self._stat(name)
            if status is not None and status.st_size <= size:
                size -= max(status.st_size, _A_READ)
                yield name

    def is_complete(self, name: Name) -> bool:
        """Say whether everything that a tree names is there; a file is complete by itself."""
        if name.kind is Kind.BLOB:
            return True
        try:
            return all(self._stat(member) is not None for member in members(name, self._objects.load))
        except (MissingError, UnsafeTreeError):
            return False

    def _everything(self) -> Iterator[Name]:
        # Blobs first, so that a tree of which one was just set aside is seen to be incomplete.
        for kind in (Kind.BLOB, Kind.TREE):
            yield from self._objects.names(kind)

    def _stat(self, name: Name) -> os.stat_result | None:
        try:
            return os.lstat(self._layout.object(name))
        except (FileNotFoundError, NotADirectoryError):
            return None


def _shuffled(names: list[str]) -> list[str]:
    return random.sample(names, len(names))


def _drawn(part: float) -> bool:
    # Each time others: what is looked at often enough has been looked at as a whole.
    return part >= 1.0 or random.random() < part  # noqa: S311  (chance, not secrecy)
