"""The store as its users see it."""

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NewType, Self

from pivot.cache.boot import boot_id
from pivot.cache.digest import Digest, Kind, Name
from pivot.cache.errors import MissingError, NotStorableError, UnsafeTreeError
from pivot.cache.exchange import check_apart, checked_target
from pivot.cache.facts import Clock, Facts
from pivot.cache.files import open_regular, sweep_drafts
from pivot.cache.index import Index
from pivot.cache.info import Durability, Info, count
from pivot.cache.layout import FORMAT, Layout, Shared, open_layout
from pivot.cache.leases import Lease, tidy
from pivot.cache.links import Link, Linker
from pivot.cache.lmdbrows import MAP_SIZE, Place, open_rows
from pivot.cache.many import settled, usable_threads
from pivot.cache.names import parse
from pivot.cache.objects import Objects
from pivot.cache.options import GcOptions, Root
from pivot.cache.place import index_folder, read_mounts, sync_file_system
from pivot.cache.recordlines import Record
from pivot.cache.records import Records
from pivot.cache.report import Collected, Report
from pivot.cache.restore import Restorer, Wanted
from pivot.cache.rows import MemoryRows, Rows
from pivot.cache.seals import Seals
from pivot.cache.tree import Tree, decode, members
from pivot.cache.trouble import tells_trouble
from pivot.cache.worktree import Measured, Stored, WorkTree

CacheRoot = NewType("CacheRoot", Path)
AnyPath = str | os.PathLike[str]


@tells_trouble
class Cache:
    """A content-addressed store: bytes by their BLAKE3, directories by their manifests, actions by their keys.

    put, store, put_bytes              objects, put whole or not at all
    restore, get_bytes, open, tree     verified bytes, or MissingError
    put_many, store_many, restore_many the same for many at once, in several threads
    digest_of, measure                 what a file is now, from its stat if that is enough
    remember, recall                   run-cache records
    verify, gc, info, sync, flush      upkeep

    Many processes may use one store at once, and many threads one `Cache`. Use one `Cache` per store in a process:
    a second one works, but knows nothing of what the first one knows without hashing.
    """

    def __init__(
        self,
        root: AnyPath,
        *,
        link: Sequence[Link] = (Link.REFLINK, Link.COPY),
        durability: str = Durability.BATCH,
        shared: Shared | str | None = None,
        index_dir: AnyPath | None = None,
        map_size: int = MAP_SIZE,
        threads: int | None = None,
    ) -> None:
        """Open the store at `root`, made if there is none; raise `FormatError`.

        `link` is the order in which `restore` tries; a copy is always the last. `shared="group"` lets everybody in the
        group of the folder write to the store, from then on and whoever opens it. `index_dir` moves the index to a
        local disk; without it that happens by itself where `root` is on a network file system. `threads` is how many
        a call may use for many files or large ones; without it, one for each processor, and no more than four.
        """
        layout = Layout(os.path.abspath(os.fspath(root)))
        self.root = CacheRoot(Path(layout.root))
        self._identity = open_layout(layout, None if shared is None else Shared(shared))
        self._layout, self._link = layout, tuple(link)
        self._threads = usable_threads() if threads is None else threads
        self._durability = Durability(durability)
        writable = self._identity.writable
        chosen = os.fspath(index_dir) if index_dir is not None else None
        self._index_folder = index_folder(layout, self._identity.id, chosen, read_mounts())
        self._place = Place(layout.root, self._index_folder, self._durability.value, map_size=map_size)
        self._index = Index(self._open_rows)
        self._lease = Lease(layout, writable=writable)
        strict = self._durability is Durability.STRICT
        self._seals = Seals(layout, self._index, boot=boot_id(), writable=writable)
        self._objects = Objects(layout, self._seals, self._lease, durable=strict, writable=writable)
        self._clock = Clock(layout.below("clock"), writable=writable)
        self._facts = Facts(self._index, self._clock)
        self._tree = WorkTree(self._objects, self._facts, layout.root)
        self._records = Records(layout, durable=strict, writable=writable)
        linker = Linker(self._objects, self._seals, layout.root)
        self._restorer = Restorer(self._objects, self._seals, self._lease, linker)
        if writable:
            sweep_drafts(layout.below("tmp"))
            tidy(layout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what is known to the index and give up all claims; the cache may be used again after that."""
        self._index.close()
        self._lease.close()
        self._clock.close()

    # -- objects

    def put(self, path: AnyPath, *, durable: bool = False) -> Digest:
        """Store a file, or a directory as a tree of which each file is an object.

        The digest is that of the bytes in the store. `durable` forces them to the disk, for what was expensive.
        Raises `ChangedError`, `NotStorableError`, `FullError`, `ReadOnlyError`, and `OSError` for the file itself.
        """
        return self._store(path, durable=durable).digest

    def store(self, path: AnyPath, *, durable: bool = False) -> Stored:
        """Do as `put` does, and give the size too."""
        return self._store(path, durable=durable)

    def put_many(self, paths: Iterable[AnyPath], *, durable: bool = False) -> list[Digest]:
        """Store files and directories, in several threads, and give their digests in order.

        If some cannot be stored, the error of the first of them is raised after all others are stored.
        """
        return [stored.digest for stored in self._store_many(paths, durable=durable)]

    def store_many(self, paths: Iterable[AnyPath], *, durable: bool = False) -> list[Stored]:
        """Do as `put_many` does, and give the sizes too."""
        return self._store_many(paths, durable=durable)

    def put_bytes(self, data: bytes) -> Digest:
        """Store bytes."""
        return self._objects.put_bytes(data).digest

    def has(self, digest: str) -> bool:
        """Say whether the bytes are there and right; for a tree also all of its pages and files."""
        name = parse(digest)
        if name.kind is Kind.BLOB:
            return self._seals.intact(name)
        try:
            return all(map(self._seals.intact, members(name, self._objects.load)))
        except (MissingError, UnsafeTreeError):
            return False

    def get_bytes(self, digest: str) -> bytes:
        """Give the bytes of an object (of a tree: its manifest); raise `MissingError` or `DamagedError`."""
        name = parse(digest)
        self._objects.hold([name])
        return self._objects.load(name)

    def open(self, digest: str) -> BinaryIO:
        """Open an object for reading; raise `MissingError` or `DamagedError`."""
        name = parse(digest)
        self._objects.hold([name])
        return os.fdopen(open_regular(self._objects.require(name)), "rb")

    def tree(self, digest: str) -> Tree:
        """Give what a directory holds; raise `MissingError`, `DamagedError` or `UnsafeTreeError`."""
        return self._tree_of(parse(digest))

    def restore(
        self,
        digest: str,
        target: AnyPath,
        *,
        link: Sequence[Link] | None = None,
        executable: bool = False,
        within: AnyPath | None = None,
        aside: AnyPath | None = None,
    ) -> None:
        """Make `target` the file or directory that `digest` names, replacing what is there in one step.

        A failure leaves the old content. `within` refuses a target whose folder is really elsewhere (a link on the
        way). `aside` receives the old content, which is deleted otherwise; it must be on the same file system.
        Raises `MissingError`, `DamagedError`, `UnsafeTreeError`, `UnsafeTargetError`, `FullError`.
        """
        place = checked_target(os.fspath(target), None if within is None else os.fspath(within))
        wanted = Wanted(parse(digest), place, executable, None if aside is None else os.fspath(aside))
        self._restore([wanted], link)

    def restore_many(
        self,
        pairs: Iterable[tuple[str, AnyPath]],
        *,
        link: Sequence[Link] | None = None,
        within: AnyPath | None = None,
    ) -> None:
        """Restore each digest to its target, in several threads.

        Each by itself is replaced in one step, or keeps its old content. If some fail, the error of the first of them
        is raised after all others are restored. Two targets may not be the same, nor one lie in another
        (`UnsafeTargetError`), and if one digest is missing nothing is restored.
        """
        limit = None if within is None else os.fspath(within)
        wanted = [(parse(digest), os.fspath(target)) for digest, target in pairs]
        check_apart([target for _, target in wanted])
        self._restore([Wanted(name, checked_target(target, limit)) for name, target in wanted], link)

    def digests(self) -> Iterator[Digest]:
        """Give the names of all objects; nothing is checked."""
        for kind in Kind:
            for name in self._objects.names(kind):
                yield name.digest

    # -- the work tree

    def digest_of(self, path: AnyPath) -> Digest:
        """Give the digest that `put` would give, without storing; only what has changed is read.

        Links that leave a directory are followed (`put` refuses them). Raises `ChangedError` if the file does not
        hold still, `NotStorableError` for a FIFO, socket or device, and `OSError` for the file itself.
        """
        return self._tree.digest_of(os.fspath(path), threads=self._threads).digest

    def measure(self, path: AnyPath) -> Measured:
        """Do as `digest_of` does, and give the size too, and by what it can be told that a file has not changed."""
        return self._tree.digest_of(os.fspath(path), threads=self._threads)

    # -- the run cache

    def remember(self, key: str, record: Mapping[str, Any]) -> bool:
        """Keep what the action `key` gave, as JSON, and say so; False if there is a record, which stays.

        Raises `TypeError` for values that JSON does not have, `FullError`, `ReadOnlyError`.
        """
        return self._records.remember(key, record)

    def recall(self, key: str) -> dict[str, Any] | None:
        """Give what was remembered; None if nothing was, or it is damaged."""
        return self._records.recall(key)

    def forget(self, key: str) -> bool:
        """Delete a record; says whether there was one."""
        return self._records.forget([key]) == 1

    def records(self) -> Iterator[Record]:
        """Give all records, for choosing which to forget and which outputs to keep."""
        return iter(self._records)

    # -- upkeep

    def flush(self) -> None:
        """Write what is known to the index, so that other processes need not hash; losing it costs only time."""
        self._index.flush()

    def sync(self) -> None:
        """Force everything stored so far, by any process, to the disk: nothing of it is lost in a power cut."""
        reached = time.monotonic_ns()
        sync_file_system(self._layout.root)
        self._seals.synced(reached)
        self._index.flush()

    def verify(
        self, digests: Iterable[str] | None = None, *, sample: float = 1.0, since: float | None = None
    ) -> Report:
        """Hash all objects, or those named, whatever is known about them; the bad go to quarantine.

        `sample` is the part of them that is looked at, chosen by chance; `since` (seconds since the epoch) leaves out
        what was stored before.
        """
        from pivot.cache.verify import Verifier

        return Verifier(self._layout, self._objects, self._seals).verify(digests, sample=sample, since=since)

    def verify_some(self, size: int = 32 << 20) -> Report:
        """Do as `verify` does for files drawn by chance, of `size` bytes at most: a matter of a second.

        Each counts as 128 KiB at least, so that of small ones it is not too many. Larger ones are left out.
        """
        from pivot.cache.verify import Verifier

        verifier = Verifier(self._layout, self._objects, self._seals)
        drawn = [name.digest for name in verifier.draw(size)]
        return verifier.verify(drawn, sample=1.0, since=None)

    def register(self, path: AnyPath, files: Iterable[str], anywhere: Iterable[str] = ()) -> None:
        """Let every collection keep what files in a directory name: JSON, of which any string may be a digest.

        `files` are `folder/pattern`, relative to the directory, the pattern being one of file names. `anywhere` says
        the same for git revisions, in which the folders may have lain elsewhere. Do this before anything is stored;
        it costs a small read when there is nothing new. A store that may not be written to is left as it is.
        """
        from pivot.cache.roots import Roots

        if self._identity.writable:
            Roots(self._layout).register(Root(os.path.abspath(os.fspath(path)), tuple(files), tuple(anywhere)))

    def registered(self) -> list[Root]:
        """Give the directories that are registered; raise `BrokenRootError`."""
        from pivot.cache.roots import Roots

        return Roots(self._layout).registered()

    def gc(
        self,
        roots: Iterable[str] = (),
        options: GcOptions = GcOptions(),
        *,
        checkouts: Iterable[Root] = (),
        **changes: Any,
    ) -> Collected:
        """Delete the objects that nothing names, no living process claims, and nobody used for `grace` seconds.

        What names them: `roots`, files of registered directories and of `checkouts`, git revisions that are asked
        for, records of recent runs. `changes` are fields of the options: `gc(dry_run=True)`.

        `roots` is read after the clock is, so a generator that reads lock files misses nothing that is written
        meanwhile. Raises `BusyError` if another collection runs, `BrokenRootError` for a file that cannot be read,
        `RevisionError`, and `DamagedError` if a manifest of what is named is damaged; nothing is deleted then.
        """
        from pivot.cache.collect import Collector
        from pivot.cache.roots import Roots

        known = Roots(self._layout)
        collector = Collector(self._layout, self._objects, self._seals, self._records, known, self._clock)
        return collector.collect(roots, tuple(checkouts), options._replace(**changes))

    def info(self) -> Info:
        """Count what the store holds."""
        counts = count(self._layout, self._objects)
        return Info(
            root=self.root,
            id=self._identity.id,
            format=FORMAT,
            **counts._asdict(),
            records=sum(1 for _ in self._records),
            index_kind=self._index.kind,
            index_path=Path(self._index_folder),
            read_only=not self._identity.writable,
            shared=self._identity.shared,
        )

    # -- inside

    def _store(self, path: AnyPath, *, durable: bool) -> Stored:
        return self._tree.put(os.fspath(path), durable=durable, threads=self._threads)

    def _store_many(self, paths: Iterable[AnyPath], *, durable: bool) -> list[Stored]:
        places = [os.fspath(path) for path in paths]
        if len(places) == 1:
            return [self._tree.put(places[0], durable=durable, threads=self._threads)]
        return settled(self._tree.put_many(places, durable=durable, threads=self._threads))

    def _open_rows(self) -> Rows:
        return open_rows(self._place) if self._identity.writable else MemoryRows()

    def _tree_of(self, name: Name) -> Tree:
        if name.kind is not Kind.TREE:
            raise NotStorableError(f"{name.digest} is a file\nonly b3t: names a directory")
        return decode(self._objects.load(name), self._objects.load)

    def _restore(self, wanted: Sequence[Wanted], link: Sequence[Link] | None) -> None:
        results = self._restorer.restore(wanted, self._link if link is None else tuple(link), self._threads)
        for result in results:
            if not isinstance(result, Exception):
                self._facts.learn_placed(result)
        settled(results)
