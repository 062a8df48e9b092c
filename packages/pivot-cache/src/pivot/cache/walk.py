"""The files of a directory with their stats: all that an unchanged directory costs."""

import os
import stat
from collections.abc import Callable
from typing import NamedTuple

from blake3 import blake3

from pivot.cache.entries import EntryKind, stays_inside, text_path
from pivot.cache.errors import NotStorableError
from pivot.cache.facts import row_key
from pivot.cache.signature import Signature, signature_of

_NO_SIGNATURE = Signature(0, 0, 0, 0, False)

MayFollow = Callable[[str], bool]
"""Whether a link that leaves the directory stands for what it leads to; gets the real path of that."""


class Found(NamedTuple):
    """One entry of a directory in the work tree."""

    path: bytes
    """Relative to the directory."""
    kind: EntryKind
    place: bytes
    """Where the file really is."""
    key: bytes
    """The key of its row in the index."""
    seen: Signature = _NO_SIGNATURE
    device: int = 0
    target: bytes = b""


def walk(top: bytes, may_follow: MayFollow) -> list[Found]:
    """List everything below a directory, sorted by the bytes of the path; raise `NotStorableError`."""
    walk = _Walk(may_follow)
    walk.list(top, b"", ())
    return sorted(walk.found)


def fingerprint(found: list[Found]) -> bytes:
    """Hash what the stats say: equal means that nothing has to be read."""
    state = blake3()
    for entry in found:
        state.update(entry.path + b"\0" + entry.target + b"\0" + _TAGS[entry.kind] + entry.seen.pack())
    return state.digest()


_TAGS = {kind: kind.value.encode() for kind in EntryKind}

Above = tuple[tuple[int, int], ...]
"""The directories on the way, by device and inode."""


class _Walk:
    """Gathers entries in one list: with a generator for each level, each entry would be handed on once for each."""

    def __init__(self, may_follow: MayFollow) -> None:
        self._may_follow = may_follow
        self.found: list[Found] = []

    def list(self, folder: bytes, prefix: bytes, above: Above) -> None:
        status = os.stat(folder)
        ino, here = status.st_ino, (status.st_dev, status.st_ino)
        if here in above:
            raise NotStorableError(f"{os.fsdecode(folder)} leads back into itself\nremove the link")
        within = (*above, here)
        empty = True
        with os.scandir(folder) as entries:
            for entry in entries:
                empty = False
                self._add(entry, prefix + entry.name, row_key(ino, entry.name), within)
        if empty and prefix:
            self.found.append(Found(prefix[:-1], EntryKind.FOLDER, folder, b""))

    def _add(self, entry: "os.DirEntry[bytes]", path: bytes, key: bytes, above: Above) -> None:
        status = entry.stat(follow_symlinks=False)
        kind = stat.S_IFMT(status.st_mode)
        if kind == stat.S_IFREG:
            self.found.append(Found(path, EntryKind.FILE, entry.path, key, signature_of(status), status.st_dev))
        elif kind == stat.S_IFDIR:
            self.list(entry.path, path + b"/", above)
        elif kind == stat.S_IFLNK:
            self._add_link(entry, path, key, above)
        else:
            raise NotStorableError(f"{os.fsdecode(entry.path)} is no file, directory or link\nremove it")

    def _add_link(self, entry: "os.DirEntry[bytes]", path: bytes, key: bytes, above: Above) -> None:
        target = os.readlink(entry.path)
        # Other links on the way are looked at when the manifest is made; here only the text counts.
        if stays_inside(text_path(path), text_path(target), {}):
            self.found.append(Found(path, EntryKind.LINK, entry.path, key, target=target))
            return
        real = os.path.realpath(entry.path)
        if not self._may_follow(os.fsdecode(real)):
            raise NotStorableError(f"{os.fsdecode(entry.path)} links out of its directory\nput a copy there instead")
        status = os.stat(real)
        if stat.S_ISDIR(status.st_mode):
            self.list(entry.path, path + b"/", above)
        elif stat.S_ISREG(status.st_mode):
            self.found.append(Found(path, EntryKind.FILE, real, key, signature_of(status), status.st_dev))
        else:
            raise NotStorableError(f"{os.fsdecode(entry.path)} links to no file or directory\nremove it")
