"""The look at every object, whatever is known about it."""

import os
from collections.abc import Iterable, Iterator

from pivot.cache.collect import Collector, Report
from pivot.cache.digest import Kind, Name
from pivot.cache.errors import MissingError, UnsafeTreeError
from pivot.cache.layout import Layout
from pivot.cache.names import parse
from pivot.cache.objects import Objects
from pivot.cache.seals import Seals


class Verifier:
    """Hashes objects again; never answers from the index."""

    def __init__(self, layout: Layout, objects: Objects, seals: Seals, collector: Collector) -> None:
        self._layout, self._objects, self._seals, self._collector = layout, objects, seals, collector

    def verify(self, digests: Iterable[str] | None) -> Report:
        """Look at all objects, or at those named; what is damaged goes to quarantine."""
        size, good, damaged, incomplete, absent = 0, 0, [], [], []
        for name in self._everything() if digests is None else map(parse, digests):
            length = self._length(name)
            size += length or 0
            if length is None:
                absent.append(name.digest)
            elif not self._seals.rehash(name):
                damaged.append(name.digest)
            else:
                good += 1
                if not self.is_complete(name):
                    incomplete.append(name.digest)
        return Report(good + len(damaged), size, tuple(damaged), tuple(incomplete), tuple(absent), kept=good)

    def is_complete(self, name: Name) -> bool:
        """Say whether everything that a tree names is there; a file is complete by itself."""
        if name.kind is Kind.BLOB:
            return True
        try:
            return all(self._length(member) is not None for member in self._collector.members(name))
        except (MissingError, UnsafeTreeError):
            return False

    def _everything(self) -> Iterator[Name]:
        # Blobs first, so that a tree of which one was just set aside is seen to be incomplete.
        for kind in (Kind.BLOB, Kind.TREE):
            yield from self._objects.names(kind)

    def _length(self, name: Name) -> int | None:
        try:
            return os.lstat(self._layout.object(name)).st_size
        except (FileNotFoundError, NotADirectoryError):
            return None
