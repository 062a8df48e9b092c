"""Files and directories of the work tree: what they are now, with or without storing them."""

import os
import stat
from collections.abc import Callable
from typing import NamedTuple

from pivot.cache.digest import Digest, Kind, Name
from pivot.cache.entries import Entry, EntryKind, text_path
from pivot.cache.errors import ChangedError
from pivot.cache.facts import WORTH_WAITING, Facts, key_of
from pivot.cache.files import hash_descriptor
from pivot.cache.objects import Content, Objects, read_still
from pivot.cache.rows import Summary
from pivot.cache.signature import Signature, signature_of
from pivot.cache.tree import Manifest, encode
from pivot.cache.walk import Found, MayFollow, fingerprint, walk

_MANY = 256
_TRIES = 3


class Stored(NamedTuple):
    """A file or directory under its digest."""

    digest: Digest
    size: int
    """Bytes of the file, or of all files of the directory."""


Read = Callable[[bytes], Content]
Held = Callable[[Name], bool]
"""Whether what was read before need not be read again."""


class WorkTree:
    """Looks at files outside the store, reading as little as their stats allow.

    digest_of     hash what has changed
    put           store what the store does not have
      directory   one row answers for all files if none of them changed; else each has its own
    """

    def __init__(self, objects: Objects, facts: Facts, root: str) -> None:
        self._objects, self._facts, self._root = objects, facts, root

    def digest_of(self, path: str) -> Stored:
        """Give the digest of a file or directory; links are followed as a reader would."""
        seen = os.stat(path)
        if stat.S_ISDIR(seen.st_mode):
            return self._directory(path, lambda _: True, _hash_file, lambda _: True, None)
        key = key_of(path)
        known = self._facts.known([key], [signature_of(seen)])[0]
        return _stored(known, seen.st_size) if known is not None else self._learn_file(key, path, seen, _hash_file)

    def put(self, path: str, *, durable: bool) -> Stored:
        """Store a file or directory; links may not leave the directory, except into this store."""

        def read(place: bytes) -> Content:
            return self._objects.put_file(place, durable=durable)

        def held(name: Name) -> bool:
            return self._objects.held(name, durable=durable)

        def keep(manifest: Manifest) -> None:
            for name, data in manifest.objects:
                self._keep_page(name, data, durable)

        place = self._behind_own_link(path)
        seen = os.lstat(place)
        if stat.S_ISDIR(seen.st_mode):
            return self._directory(place, self._is_own, read, held, keep)
        key = key_of(place)
        known = self._facts.known([key], [signature_of(seen)])[0]
        if known is not None and held(known):
            return _stored(known, seen.st_size)
        return self._learn_file(key, place, seen, read)

    def _learn_file(self, key: bytes, path: str, seen: os.stat_result, read: Read) -> Stored:
        newest = max(seen.st_mtime_ns, seen.st_ctime_ns)
        if seen.st_size >= WORTH_WAITING:
            taken = self._facts.settle(newest, seen.st_dev)
        else:
            taken = self._facts.now_ns(seen.st_dev)
        content = read(os.fsencode(path))
        self._facts.learn(key, content, taken)
        return _stored(content.name, content.seen.size)

    def _directory(
        self, path: str, may_follow: MayFollow, read: Read, held: Held, keep: Callable[[Manifest], None] | None
    ) -> Stored:
        for _ in range(_TRIES):
            try:
                return self._directory_once(path, may_follow, read, held, keep)
            except FileNotFoundError:
                if not os.path.isdir(path):
                    raise
        raise ChangedError(f"{path} changed while it was read\nis something still writing to it?")

    def _directory_once(
        self, path: str, may_follow: MayFollow, read: Read, held: Held, keep: Callable[[Manifest], None] | None
    ) -> Stored:
        found = walk(os.fsencode(os.path.abspath(path)), may_follow)
        key, stats = key_of(path), fingerprint(found)
        # Storing looks at each file: one of the objects may be gone or damaged.
        summary = self._facts.summary(key, stats) if keep is None else None
        if summary is not None:
            return Stored(summary.name.digest, summary.size)
        contents, settled = self._contents(path, found, read, held)
        manifest = encode(map(_entry, found, contents))
        if keep is not None:
            keep(manifest)
        size = sum(content.seen.size for content in contents)
        if settled:
            self._facts.summarise(key, Summary(stats, manifest.name, size))
        return Stored(manifest.name.digest, size)

    def _contents(self, path: str, found: list[Found], read: Read, held: Held) -> tuple[list[Content], bool]:
        files = [entry for entry in found if entry.kind is EntryKind.FILE]
        known = self._facts.known([entry.key for entry in files], [entry.seen for entry in files])
        taken = self._taken(path, files)
        contents, settled = {}, True
        for entry, name in zip(files, known, strict=True):
            if name is None or not held(name):
                content = read(entry.place)
                settled &= self._facts.learn(entry.key, content, taken) and content.seen == entry.seen
            else:
                content = Content(name, entry.seen)
            contents[entry.path] = content
        return [contents.get(entry.path, _NOTHING) for entry in found], settled

    def _taken(self, path: str, files: list[Found]) -> int:
        device = os.stat(path).st_dev
        if len(files) >= _MANY or sum(entry.seen.size for entry in files) >= WORTH_WAITING:
            return self._facts.settle(max(entry.newest_ns for entry in files), device)
        return self._facts.now_ns(device)

    def _keep_page(self, name: Name, data: bytes, durable: bool) -> None:
        stored = self._objects.put_bytes(data, Kind.TREE, durable=durable)
        assert stored == name

    def _behind_own_link(self, path: str) -> str:
        real = os.path.realpath(path) if os.path.islink(path) else path
        return real if self._is_own(real) else path

    def _is_own(self, real: str) -> bool:
        return real.startswith(f"{self._root}/objects/")


_NOTHING = Content(Name(Kind.BLOB, ""), Signature(0, 0, 0, 0, False))


def _hash_file(place: bytes) -> Content:
    return read_still(place, lambda descriptor, _: hash_descriptor(descriptor), follow=True)


def _stored(name: Name, size: int) -> Stored:
    return Stored(name.digest, size)


def _entry(found: Found, content: Content) -> Entry:
    path = text_path(found.path)
    if found.kind is EntryKind.FILE:
        return Entry(path, found.kind, content.seen.size, content.name.hex, content.seen.executable)
    return Entry(path, found.kind, target=text_path(found.target))
