"""Garbage collection (mark and sweep) and the look at every object.

Not reference counts: a count is one more thing that a killed process leaves wrong.
"""

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from pivot.cache.digest import Digest, Kind, Name
from pivot.cache.errors import DamagedError, MissingError, UnsafeTreeError
from pivot.cache.facts import Clock
from pivot.cache.layout import Layout
from pivot.cache.leases import all_claims, remove, sweep_dead
from pivot.cache.locks import locked
from pivot.cache.names import parse
from pivot.cache.objects import Objects
from pivot.cache.seals import Seals
from pivot.cache.tree import decode, page_names

_BATCH = 500
DAY = 86_400.0


class Report(NamedTuple):
    """What went through the store."""

    examined: int = 0
    """Objects looked at."""
    examined_bytes: int = 0
    damaged: tuple[Digest, ...] = ()
    """Moved to quarantine because their bytes were not those of their names."""
    incomplete: tuple[Digest, ...] = ()
    """Trees of which a member is not there."""
    missing_roots: tuple[Digest, ...] = ()
    """Roots that the store does not have (they may be elsewhere)."""
    removed: tuple[Digest, ...] = ()
    """Deleted, or what would be deleted if `dry_run`."""
    removed_bytes: int = 0
    """On the disk."""
    kept: int = 0
    dry_run: bool = False

    @property
    def clean(self) -> bool:
        """Say whether nothing was wrong."""
        return not self.damaged and not self.incomplete


class Collector:
    """Deletes what nothing names.

    collect
      mark    the roots, and what the trees among them hold
      sweep   trees first, then blobs; each batch spares what living processes claim by then
    """

    def __init__(self, layout: Layout, objects: Objects, seals: Seals, clock: Clock) -> None:
        self._layout, self._objects, self._seals, self._clock = layout, objects, seals, clock

    def collect(self, roots: Iterable[str], *, grace: float, keep_quarantine: float, dry_run: bool) -> Report:
        """Delete every object that is not marked, not claimed and older than `grace` seconds."""
        # Who ends just now looks, for an instant, whether a collection runs.
        with locked(self._layout.below("gc.lock"), patience=0.1):
            with locked(self._layout.below("open.lock")):
                sweep_dead(self._layout)
            # Before the roots are read: what is made while they are counts as new. By the clock that stamps files,
            # which lags behind the system's by up to a tick.
            limit = self._clock.now_ns(os.stat(self._layout.root).st_dev) - int(grace * 1e9)
            marked, absent = self._mark(roots)
            candidates = [name for kind in (Kind.TREE, Kind.BLOB) for name in self._objects.names(kind)]
            removed, freed = self._sweep([name for name in candidates if name not in marked], limit, dry_run)
            if not dry_run:
                self._clear_quarantine(keep_quarantine)
        kept = len(candidates) - len(removed)
        return Report(len(candidates), 0, (), (), absent, tuple(name.digest for name in removed), freed, kept, dry_run)

    def members(self, name: Name) -> set[Name]:
        """Give everything that a name stands for: itself, and for a tree its pages and files."""
        if name.kind is Kind.BLOB:
            return {name}
        data = self._objects.load(name)
        tree = decode(data, self._objects.load)
        return {name, *page_names(data), *(entry.name for entry in tree.files)}

    def _mark(self, roots: Iterable[str]) -> tuple[set[Name], tuple[Digest, ...]]:
        marked: set[Name] = set()
        absent = []
        for name in map(parse, roots):
            if name in marked and name.kind is Kind.BLOB:
                continue
            marked.add(name)
            try:
                marked |= self.members(name)
            except DamagedError:
                raise  # its members cannot be known, and nobody shall lose data over a torn manifest
            except MissingError as error:
                absent.append(error.digest)
        return marked, tuple(absent)

    def _sweep(self, candidates: list[Name], limit: int, dry_run: bool) -> tuple[list[Name], int]:
        removed, freed = [], 0
        for batch in _batches(candidates):
            with locked(self._layout.below("use.lock")):
                claimed = self._claimed()
                for name in batch:
                    size = self._disposable(name, limit) if name not in claimed else None
                    if size is not None:
                        removed.append(name)
                        freed += size
                        if not dry_run:
                            self._objects.remove(name)
        return removed, freed

    def _claimed(self) -> set[Name]:
        claims = all_claims(self._layout)
        for tree in [name for name in claims if name.kind is Kind.TREE]:
            with contextlib.suppress(MissingError, UnsafeTreeError):
                claims |= self.members(tree)
        return claims

    def _disposable(self, name: Name, limit: int) -> int | None:
        # The ctime is when the object was linked: nobody can have used it before, and it cannot be forged.
        try:
            status = os.lstat(self._layout.object(name))
        except FileNotFoundError:
            return None
        seal = self._seals.get(name)
        used = seal.last_used * 1_000_000_000 if seal is not None else 0
        return status.st_blocks * 512 if max(status.st_ctime_ns, used) < limit else None

    def _clear_quarantine(self, keep: float) -> None:
        folder = self._layout.below("quarantine")
        limit = time.time_ns() - int(keep * 1e9)
        for name in os.listdir(folder):
            path = f"{folder}/{name}"
            with contextlib.suppress(OSError):
                if os.lstat(path).st_ctime_ns < limit:
                    remove(path)


def _batches(names: list[Name]) -> Iterator[list[Name]]:
    rest = iter(names)
    while batch := list(islice(rest, _BATCH)):
        yield batch
