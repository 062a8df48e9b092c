"""Garbage collection: mark and sweep.

Not reference counts: a count is one more thing that a killed process leaves wrong.
"""

import contextlib
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from pivot.cache.choosing import Weighed, choose, is_young
from pivot.cache.digest import Kind, Name
from pivot.cache.errors import FullError, MissingError, UnsafeTreeError
from pivot.cache.facts import Clock
from pivot.cache.layout import Layout
from pivot.cache.leases import all_claims, remove, sweep_dead
from pivot.cache.locks import locked
from pivot.cache.marking import Mark, Marker, Marks, outputs_of
from pivot.cache.names import parse
from pivot.cache.objects import Objects
from pivot.cache.options import GcOptions, Root
from pivot.cache.recordlines import Record
from pivot.cache.records import Records
from pivot.cache.report import Collected, Gone, Keep, Kept, Removed
from pivot.cache.roots import Roots
from pivot.cache.seals import Seals
from pivot.cache.tree import members

_BATCH = 500
_LAG = 2 * 3600
"""Seconds by which a noted last use may lie behind the real one."""


class _Found(NamedTuple):
    """Everything in the store."""

    weighed: list[Weighed]
    total: int
    """Bytes on the disk, each inode once."""


class Collector:
    """Deletes what nothing names.

    collect
      mark      what is named, read after the clock is
      weigh     everything there is: how large, and when it was last used
      choose    what goes of what nothing names
      sweep     trees first, then blobs; each batch spares what any process has claimed by then
      tidy      records of what is gone, checkouts that are gone, old quarantine
    """

    def __init__(
        self, layout: Layout, objects: Objects, seals: Seals, records: Records, roots: Roots, clock: Clock
    ) -> None:
        self._layout, self._objects, self._seals, self._clock = layout, objects, seals, clock
        self._records, self._roots = records, roots
        self._marker = Marker(layout, objects, roots)

    def collect(self, asked: Iterable[str], more: Sequence[Root], options: GcOptions) -> Collected:
        """Delete what is chosen and not claimed by then, or only say what that would be."""
        # Who ends just now looks, for an instant, whether a collection runs.
        with locked(self._layout.below("gc.lock"), patience=0.1):
            with locked(self._layout.below("open.lock")):
                sweep_dead(self._layout)
            # Before anything that names is read: what is made meanwhile counts as new. By the clock that stamps
            # files, which lags behind the system's by up to a tick.
            now_ns = self._clock.now_ns(os.stat(self._layout.root).st_dev)
            records = list(self._records)
            marks = self._marker.mark(asked, [*more, *self._registered(options)], records, now_ns, options)
            found = self._weigh(marks)
            unnamed = [each for each in found.weighed if each.name not in marks.by]
            chosen = choose(unnamed, found.total, now_ns, options)
            swept = self._sweep([each for each in unnamed if each.name in chosen], options)
            lost = [record for record in records if self._has_lost(record, swept)]
            if not options.dry_run:
                self._tidy(lost, marks, options)
        return Collected(
            tuple(_removed([each for each in found.weighed if each.name in swept], chosen, records)),
            _held([each for each in found.weighed if each.name not in swept], marks, chosen, now_ns, options),
            len(lost),
            tuple(marks.absent),
            tuple(root.path for root in marks.gone),
            options.dry_run,
        )

    def _registered(self, options: GcOptions) -> list[Root]:
        return self._roots.registered(ignore_broken=options.ignore_broken)

    def _weigh(self, marks: Marks) -> _Found:
        weighed, inodes = [], set()
        for name in (name for kind in (Kind.TREE, Kind.BLOB) for name in self._objects.names(kind)):
            with contextlib.suppress(FileNotFoundError):
                status = os.lstat(self._layout.object(name))
                size = 0 if status.st_ino in inodes else status.st_blocks * 512
                inodes.add(status.st_ino)
                weighed.append(Weighed(name, self._used_ns(name, status), size))
        total = sum(each.bytes for each in weighed)
        weighed = self._used_with_their_trees(weighed, marks)
        _mark_recent_of_gone(marks, weighed)
        return _Found(weighed, total)

    def _used_ns(self, name: Name, status: os.stat_result) -> int:
        # The ctime is when the object was linked: nobody can have used it before, and it cannot be forged.
        seal = self._seals.get(name)
        return max(status.st_ctime_ns, 0 if seal is None else seal.last_used * 1_000_000_000)

    def _used_with_their_trees(self, weighed: list[Weighed], marks: Marks) -> list[Weighed]:
        used = {each.name: each.used_ns for each in weighed}
        for tree in (each for each in weighed if each.name.kind is Kind.TREE and each.name not in marks.by):
            for member in self._members(tree.name):
                if member in used:
                    used[member] = max(used[member], tree.used_ns)
        return [each._replace(used_ns=used[each.name]) for each in weighed]

    def _members(self, tree: Name) -> Iterable[Name]:
        # Of a tree that is broken nothing is known; nothing named it either.
        with contextlib.suppress(MissingError, UnsafeTreeError):
            return members(tree, self._objects.load)
        return ()

    def _sweep(self, chosen: list[Weighed], options: GcOptions) -> set[Name]:
        swept: set[Name] = set()
        for batch in _batches(chosen):
            with locked(self._layout.below("use.lock")):
                claimed = self._claimed()
                for each in batch:
                    if each.name not in claimed and self._unused_since(each):
                        swept.add(each.name)
                        if not options.dry_run:
                            self._objects.remove(each.name)
        return swept

    def _claimed(self) -> set[Name]:
        claims = all_claims(self._layout)
        trees = [name for name in claims if name.kind is Kind.TREE]
        return claims.union(*map(self._members, trees))

    def _unused_since(self, seen: Weighed) -> bool:
        # Whoever could not claim, because the disk is full, has at least left a trace of its use.
        try:
            return self._used_ns(seen.name, os.lstat(self._layout.object(seen.name))) <= seen.used_ns
        except FileNotFoundError:
            return False

    def _has_lost(self, record: Record, swept: set[Name]) -> bool:
        names = map(parse, outputs_of(record))
        return any(name in swept or not os.path.lexists(self._layout.object(name)) for name in names)

    def _tidy(self, lost: Iterable[Record], marks: Marks, options: GcOptions) -> None:
        # What needs room may come to none here; what is left of them says nothing, and goes another time.
        with contextlib.suppress(FullError):
            self._records.forget(record.key for record in lost)
        for root in marks.gone:
            if root.path not in marks.since:
                self._roots.forget(root)
        self._clear_quarantine(options.keep_quarantine)

    def _clear_quarantine(self, keep: float) -> None:
        folder = self._layout.below("quarantine")
        limit = time.time_ns() - int(keep * 1e9)
        for name in os.listdir(folder):
            path = f"{folder}/{name}"
            with contextlib.suppress(OSError):
                if os.lstat(path).st_ctime_ns < limit:
                    remove(path)


def _mark_recent_of_gone(marks: Marks, weighed: Iterable[Weighed]) -> None:
    """Leave to checkouts that are gone what was used since it was noted what they name."""
    for place, since in marks.since.items():
        for each in weighed:
            if each.used_ns >= (since - _LAG) * 1_000_000_000:
                marks.by.setdefault(each.name, Mark(Keep.MISSING, place))


def _removed(gone: Iterable[Weighed], chosen: Mapping[Name, Gone], records: Iterable[Record]) -> Iterator[Removed]:
    known = {digest: what for record in records for digest, what in outputs_of(record).items()}
    for each in gone:
        digest = each.name.digest
        yield Removed(digest, chosen[each.name], each.bytes, each.used_ns / 1e9, known.get(digest, ""))


def _held(
    kept: Sequence[Weighed], marks: Marks, chosen: Mapping[Name, Gone], now_ns: int, options: GcOptions
) -> tuple[Kept, ...]:
    """Count what stays, by what keeps it."""
    counts: Counter[Mark] = Counter()
    sizes: Counter[Mark] = Counter()
    for each in kept:
        mark = marks.by.get(each.name) or _other(each, chosen, now_ns, options)
        counts[mark._replace(what="")] += 1
        sizes[mark._replace(what="")] += each.bytes
    return tuple(Kept(mark.keep, mark.place, mark.file, counts[mark], sizes[mark]) for mark in sorted(counts))


def _other(each: Weighed, chosen: Mapping[Name, Gone], now_ns: int, options: GcOptions) -> Mark:
    if each.name in chosen:
        return Mark(Keep.CLAIMED)
    return Mark(Keep.YOUNG if is_young(each, now_ns, options) else Keep.SPARED)


def _batches(found: list[Weighed]) -> Iterator[list[Weighed]]:
    rest = iter(found)
    while batch := list(islice(rest, _BATCH)):
        yield batch
