"""The files of a directory with their stats: all that an unchanged directory costs."""

import os
import stat
from collections.abc import Callable, Iterator
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

    @property
    def newest_ns(self) -> int:
        """Say when it last changed."""
        return max(self.seen.mtime_ns, self.seen.ctime_ns)


def found_file(path: bytes, key: bytes, status: os.stat_result) -> Found:
    """Describe a file that is no member of a directory."""
    return Found(b"", EntryKind.FILE, path, key, signature_of(status), status.st_dev)


def walk(top: bytes, may_follow: MayFollow) -> list[Found]:
    """List everything below a directory, sorted by the bytes of the path; raise `NotStorableError`."""
    return sorted(_below(top, b"", (), may_follow))


def fingerprint(found: list[Found]) -> bytes:
    """Hash what the stats say: equal means that nothing has to be read."""
    state = blake3()
    for entry in found:
        state.update(entry.path + b"\0" + entry.target + b"\0" + entry.kind.value.encode() + entry.seen.pack())
    return state.digest()


def _below(folder: bytes, prefix: bytes, above: tuple[tuple[int, int], ...], may_follow: MayFollow) -> Iterator[Found]:
    status = os.stat(folder)
    ino, here = status.st_ino, (status.st_dev, status.st_ino)
    if here in above:
        raise NotStorableError(f"{os.fsdecode(folder)} leads back into itself\nremove the link")
    empty = True
    with os.scandir(folder) as entries:
        for entry in entries:
            empty = False
            yield from _entry(entry, prefix + entry.name, row_key(ino, entry.name), (*above, here), may_follow)
    if empty and prefix:
        yield Found(prefix[:-1], EntryKind.FOLDER, folder, b"")


def _entry(
    entry: "os.DirEntry[bytes]", path: bytes, key: bytes, above: tuple[tuple[int, int], ...], may_follow: MayFollow
) -> Iterator[Found]:
    status = entry.stat(follow_symlinks=False)
    kind = stat.S_IFMT(status.st_mode)
    if kind == stat.S_IFREG:
        yield Found(path, EntryKind.FILE, entry.path, key, signature_of(status), status.st_dev)
    elif kind == stat.S_IFDIR:
        yield from _below(entry.path, path + b"/", above, may_follow)
    elif kind == stat.S_IFLNK:
        yield from _link(entry, path, key, above, may_follow)
    else:
        raise NotStorableError(f"{os.fsdecode(entry.path)} is no file, directory or link\nremove it")


def _link(
    entry: "os.DirEntry[bytes]", path: bytes, key: bytes, above: tuple[tuple[int, int], ...], may_follow: MayFollow
) -> Iterator[Found]:
    target = os.readlink(entry.path)
    # Other links on the way are looked at when the manifest is made; here only the text counts.
    if stays_inside(text_path(path), text_path(target), {}):
        yield Found(path, EntryKind.LINK, entry.path, key, target=target)
        return
    real = os.path.realpath(entry.path)
    if not may_follow(os.fsdecode(real)):
        raise NotStorableError(f"{os.fsdecode(entry.path)} links out of its directory\nput a copy there instead")
    status = os.stat(real)
    if stat.S_ISDIR(status.st_mode):
        yield from _below(entry.path, path + b"/", above, may_follow)
    elif stat.S_ISREG(status.st_mode):
        yield Found(path, EntryKind.FILE, real, key, signature_of(status), status.st_dev)
    else:
        raise NotStorableError(f"{os.fsdecode(entry.path)} links to no file or directory\nremove it")
