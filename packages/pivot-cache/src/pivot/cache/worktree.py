"""Files and directories of the work tree: what they are now, with or without storing them."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from pivot.cache.digest import Digest, Kind, Name
from pivot.cache.entries import Entry, EntryKind, text_path
from pivot.cache.errors import ChangedError
from pivot.cache.facts import WORTH_WAITING, Facts, is_young, key_of
from pivot.cache.many import attempted, settled, spread, spread_files, uncollected
from pivot.cache.objects import Objects
from pivot.cache.rows import Summary
from pivot.cache.signature import Signature, is_racy, signature_of
from pivot.cache.sources import Content, hash_file
from pivot.cache.tree import Manifest, encode
from pivot.cache.walk import Found, MayFollow, fingerprint, walk

_MANY = 256
_SMALL = 1 << 16
"""Bytes that take no longer to hash than it takes to look up what is known of a file, and to look at the clock."""
_TRIES = 3


class Stored(NamedTuple):
    """A file or directory under its digest."""

    digest: Digest
    size: int
    """Bytes of the file, or of all files of the directory."""


class Measured(NamedTuple):
    """What a file or directory is now."""

    digest: Digest
    size: int
    seen: Signature | None
    """As long as this is the signature of the file, it holds the same; None: that would prove nothing."""


class Way(NamedTuple):
    """How to look at files: to name them, or to store them too."""

    read_one: Callable[[str], Content]
    read: Callable[[Sequence[bytes]], Sequence[Content | Exception]]
    held: Callable[[Sequence[Name]], list[bool]]
    """Whether what was read before need not be read again."""
    keep: Callable[[Manifest], None] | None
    may_follow: MayFollow


class WorkTree:
    """Looks at files outside the store, reading as little as their stats allow.

    digest_of       hash what has changed
    put, put_many   store what the store does not have
      file          one by itself, which is most of what stages read and make
      directory     one row answers for all files if none of them changed; else each has its own
      contents      small files in batches, batches in threads
    """

    def __init__(self, objects: Objects, facts: Facts, root: str) -> None:
        self._objects, self._facts, self._root = objects, facts, root
        self._storing = {durable: self._way_to_store(durable=durable) for durable in (False, True)}

    def digest_of(self, path: str, *, threads: int) -> Measured:
        """Give the digest of a file or directory; links are followed as a reader would."""
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            return Measured(*self._directory(path, _NAMING, threads), None)
        (name, seen), lasting = self._file(path, status, _NAMING)
        return Measured(name.digest, seen.size, seen if lasting else None)

    def put(self, path: str, *, durable: bool, threads: int) -> Stored:
        """Store a file or directory."""
        status = os.lstat(path)
        if stat.S_ISREG(status.st_mode):
            return _stored(self._file(path, status, self._storing[durable])[0])
        return settled(self.put_many([path], durable=durable, threads=threads))[0]

    def put_many(self, paths: Sequence[str], *, durable: bool, threads: int) -> list[Stored | Exception]:
        """Store files and directories; give for each what it is, or why it is not stored.

        Links may not leave a directory, except into this store.
        """
        looked = [attempted(self._outside_or_own, path) for path in paths]
        found = [one for one in looked if isinstance(one, Found)]
        stored = iter(self._look(found, self._storing[durable], threads))
        return [next(stored) if isinstance(one, Found) else one for one in looked]

    def _way_to_store(self, *, durable: bool) -> Way:
        def keep(manifest: Manifest) -> None:
            for name, data in manifest.objects:
                stored = self._objects.put_bytes(data, Kind.TREE, durable=durable)
                assert stored == name

        return Way(
            lambda place: self._objects.put_file(place, durable=durable),
            lambda places: self._objects.put_files(places, durable=durable),
            lambda names: self._objects.held_each(names, durable=durable),
            keep,
            self._is_own,
        )

    def _look(self, outside: Sequence[Found], way: Way, threads: int) -> list[Stored | Exception]:
        files = [one for one in outside if one.kind is EntryKind.FILE]
        folders = [os.fsdecode(one.place) for one in outside if one.kind is EntryKind.FOLDER]
        contents, _ = self._contents(files, way, threads, all_of_them=True)
        within = threads if len(folders) == 1 else 1
        trees = iter(spread(lambda folder: self._directory(folder, way, within), folders, threads))
        stored = (one if isinstance(one, Exception) else _stored(one) for one in contents)
        return [next(stored) if one.kind is EntryKind.FILE else next(trees) for one in outside]

    def _file(self, path: str, status: os.stat_result, way: Way) -> tuple[Content, bool]:
        """Give what a file holds, and say whether its stat will tell so next time."""
        seen = signature_of(status)
        # What a stage has just made, say, is not looked up: nobody knows it yet.
        key = None if seen.size <= _SMALL and is_young(seen) else key_of(path)
        if key is not None:
            name = self._facts.known_one(key, seen)
            if name is not None and way.held([name])[0]:
                return Content(name, seen), True
        moment = self._facts.moment(seen, status.st_dev)
        content = way.read_one(path)
        if key is None:
            return content, not is_racy(content.seen, moment)
        return content, self._facts.learn([(key, content, moment)])

    def _directory(self, path: str, way: Way, threads: int) -> Stored:
        for _ in range(_TRIES):
            try:
                return self._directory_once(path, way, threads)
            except FileNotFoundError:
                if not os.path.isdir(path):
                    raise
        raise ChangedError(f"{path} changed while it was read\nis something still writing to it?")

    @uncollected()
    def _directory_once(self, path: str, way: Way, threads: int) -> Stored:
        found = walk(os.fsencode(os.path.abspath(path)), way.may_follow)
        key, stats = key_of(path), fingerprint(found)
        # Storing looks at each file: one of the objects may be gone or damaged.
        summary = self._facts.summary(key, stats) if way.keep is None else None
        if summary is not None:
            return Stored(summary.name.digest, summary.size)
        files = [entry for entry in found if entry.kind is EntryKind.FILE]
        read, lasting = self._contents(files, way, threads, all_of_them=False)
        contents = settled(read)
        manifest = encode(_entries(found, contents))
        if way.keep is not None:
            way.keep(manifest)
        size = sum(content.seen.size for content in contents)
        if lasting:
            self._facts.summarise(key, Summary(stats, manifest.name, size))
        return Stored(manifest.name.digest, size)

    def _contents(
        self, files: Sequence[Found], way: Way, threads: int, *, all_of_them: bool
    ) -> tuple[list[Content | Exception], bool]:
        """Give what files hold, and say whether their stats of before will tell so next time."""
        known = self._known(files, way)
        unread = [file for file, name in zip(files, known, strict=True) if name is None]
        moments = self._moments(unread)
        read = _read(unread, way, threads, all_of_them=all_of_them)
        new = [(file, content) for file, content in zip(unread, read, strict=True) if isinstance(content, Content)]
        lasting = self._facts.learn((file.key, content, moments[file.device]) for file, content in new)
        lasting = lasting and all(content.seen == file.seen for file, content in new)
        fresh = iter(read)
        pairs = zip(files, known, strict=True)
        return [next(fresh) if name is None else Content(name, file.seen) for file, name in pairs], lasting

    def _known(self, files: Sequence[Found], way: Way) -> list[Name | None]:
        known = self._facts.known([file.key for file in files], [file.seen for file in files])
        names = [name for name in known if name is not None]
        held = iter(way.held(names) if names else ())
        return [name if name is not None and next(held) else None for name in known]

    def _moments(self, files: Sequence[Found]) -> dict[int, int]:
        """Give the time on each device, before anything is read."""
        if len(files) < _MANY and sum(file.seen.size for file in files) < WORTH_WAITING:
            return {device: self._facts.now_ns(device) for device in {file.device for file in files}}
        newest: dict[int, int] = {}
        for file in files:
            newest[file.device] = max(file.seen.newest_ns, newest.get(file.device, file.seen.newest_ns))
        return {device: self._facts.settle(moment, device) for device, moment in newest.items()}

    def _outside_or_own(self, path: str) -> Found:
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode) and self._is_own(real := os.path.realpath(path)):
            return _outside(real, os.lstat(real))
        return _outside(path, status)

    def _is_own(self, real: str) -> bool:
        return real.startswith(f"{self._root}/objects/")


def _outside(path: str, status: os.stat_result) -> Found:
    kind = EntryKind.FOLDER if stat.S_ISDIR(status.st_mode) else EntryKind.FILE
    return Found(b"", kind, os.fsencode(path), key_of(path), signature_of(status), status.st_dev)


def _stored(content: Content) -> Stored:
    return Stored(content.name.digest, content.seen.size)


def _hash_each(places: Sequence[bytes]) -> list[Content | Exception]:
    return [attempted(hash_file, place) for place in places]


_NAMING = Way(hash_file, _hash_each, lambda names: [True] * len(names), None, lambda _: True)


def _read(files: Sequence[Found], way: Way, threads: int, *, all_of_them: bool) -> list[Content | Exception]:
    def read(part: Sequence[Found]) -> Sequence[Content | Exception]:
        contents = way.read([file.place for file in part])
        return contents if all_of_them else settled(contents)

    sizes = [file.seen.size for file in files]
    results = spread_files(read, files, sizes, threads, all_of_them=all_of_them)
    if not all_of_them:
        settled(got for _, got in results)
    each = ([got] * len(part) if isinstance(got, Exception) else got for part, got in results)
    return list(chain.from_iterable(each))


def _entries(found: Sequence[Found], contents: Sequence[Content]) -> Iterator[Entry]:
    content = iter(contents)
    for entry in found:
        path = text_path(entry.path)
        if entry.kind is EntryKind.FILE:
            name, seen = next(content)
            yield Entry(path, entry.kind, seen.size, name.hex, seen.executable)
        else:
            yield Entry(path, entry.kind, target=text_path(entry.target))
