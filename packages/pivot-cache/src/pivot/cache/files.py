"""The few things done with descriptors: read all, hash, copy, clone, and a draft that appears whole or not at all.

Nothing here maps files into memory: a mapped file that somebody truncates kills the process (SIGBUS), a read does not.
"""

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from typing import Self

from pivot.cache.digest import Kind, Name, hasher
from pivot.cache.errors import FullError
from pivot.cache.locks import try_lock
from pivot.cache.sharing import give_name, make_folder

CHUNK = 1 << 20
CANONICAL_MTIME_NS = 1_000_000_000_000_000_000
"""2001-09-09T01:46:40Z, the mtime of every object: an edit that does not hide shows at once."""

_FICLONE = 0x40049409
SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_UNNAMED = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT}
_NO_OBJECT = {errno.ELOOP, errno.ENXIO, errno.EACCES}
_NO_LINK = {errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS, errno.EXDEV}


def open_regular(path: str | bytes, *, follow: bool = False) -> int:
    """Open a file for reading without hanging on a FIFO; the caller checks that it is a regular one."""
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW))


def read_head(path: str, most: int) -> bytes:
    """Read the beginning of a small file, whatever lies in its place."""
    descriptor = open_regular(path)
    try:
        return os.read(descriptor, most)
    finally:
        os.close(descriptor)


class NoObjectError(Exception):
    """Something that cannot be an object: a link, a socket, or a file that nobody may read."""


def open_object(path: str) -> int:
    """Open an object; raise `NoObjectError` if that says something about it, not about this process or the disk."""
    try:
        return open_regular(path)
    except OSError as error:
        if error.errno not in _NO_OBJECT:
            raise
        raise NoObjectError from error


def read_all(descriptor: int, size: int) -> bytes:
    """Read to the end; `size` is the length according to a stat, which the caller compares with one after this."""
    first = os.read(descriptor, size + 1)
    if len(first) == size:
        return first  # it would have given one byte more
    parts = [first]
    while part := os.read(descriptor, size + 1):
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def hash_descriptor(descriptor: int, kind: Kind = Kind.BLOB) -> Name:
    """Hash from the beginning to the end; of a file that grows meanwhile no more than shows that it does."""
    state = hasher(kind)
    for piece in _pieces(descriptor):
        state.update(piece)
    return Name(kind, state.hexdigest())


def copy_hashing(source: int, target: int, kind: Kind = Kind.BLOB) -> Name:
    """Copy to the end, in the same way, and give the name of the bytes that were written."""
    state = hasher(kind)
    for piece in _pieces(source):
        state.update(piece)
        write_all(target, piece)
    return Name(kind, state.hexdigest())


def _pieces(descriptor: int) -> Iterator[memoryview]:
    size = os.fstat(descriptor).st_size
    # Clearing a megabyte takes longer than reading a small file.
    buffer = bytearray(min(CHUNK, size + 1))
    view, read = memoryview(buffer), 0
    # Who writes faster than this reads would be followed until the disk is full.
    while read <= size and (count := os.readv(descriptor, [buffer])):
        read += count
        yield view[:count]


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write everything, also where the system writes less at a time."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])


def clone(source: int, target: int) -> bool:
    """Share the blocks of `source` with `target` (FICLONE); False where the file system cannot."""
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno in SPACE:
            raise
        return False
    return True


class Draft:
    """A file being written in `tmp/`: published under a name that nobody has, or gone with its writer."""

    def __init__(self, folder: str, *, named: bool = False) -> None:
        unnamed = -1 if named else _unnamed_draft(folder)
        self.descriptor, self._path = (unnamed, None) if unnamed >= 0 else _named_draft(folder)

    def finish(self, *, durable: bool) -> None:
        """Give it the mode and time that every object has, whatever the umask, and force it to the disk if asked."""
        if os.fstat(self.descriptor).st_mode != stat.S_IFREG | 0o444:
            os.fchmod(self.descriptor, 0o444)
        os.utime(self.descriptor, ns=(CANONICAL_MTIME_NS, CANONICAL_MTIME_NS))
        if durable:
            os.fsync(self.descriptor)

    def publish(self, target: str) -> os.stat_result:
        """Make it appear at `target`; raise `FileExistsError` rather than replace. Gives the final stat."""
        try:
            self._link(target)
        except FileNotFoundError:
            make_folder(os.path.dirname(target))
            self._link(target)
        return os.fstat(self.descriptor)

    def replace(self, target: str) -> None:
        """Put it, which must have a name, in the place of what is at `target`, in one step."""
        assert self._path is not None
        os.rename(self._path, target)
        self._path = None
        # Whoever locks it by its new name waits for nobody else.
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop the draft; what was published stays."""
        if self._path is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path)
        os.close(self.descriptor)

    def _link(self, target: str) -> None:
        if self._path is None:
            give_name(self.descriptor, target)
            return
        try:
            os.link(self._path, target)
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            # No hard links here (FAT, some network shares): a rename could replace, so look first.
            if os.path.lexists(target):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target) from None
            os.rename(self._path, target)
        else:
            os.unlink(self._path)
        self._path = None


def _unnamed_draft(folder: str) -> int:
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o444)
    except AttributeError:
        return -1  # not Linux
    except OSError as error:
        if error.errno not in _NO_UNNAMED:
            raise
        return -1


def _named_draft(folder: str) -> tuple[int, str | None]:
    while True:
        path = f"{folder}/draft-{os.urandom(8).hex()}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        # The lock tells a sweep that the writer lives; a sweep between the two calls takes the name away.
        if try_lock(descriptor) and os.fstat(descriptor).st_nlink:
            return descriptor, path
        os.close(descriptor)


def sweep_drafts(folder: str) -> None:
    """Remove the named drafts whose writers are gone."""
    for path in [f"{folder}/{name}" for name in os.listdir(folder)]:
        with contextlib.suppress(OSError):
            descriptor = open_regular(path)
            try:
                if try_lock(descriptor):
                    os.unlink(path)
            finally:
                os.close(descriptor)


class SpaceChecked:
    """Turns "no space left" into `FullError` that says how much was needed and how much there is."""

    # No generator, of which it costs a third: it is entered for each file.
    def __init__(self, root: str, what: str, need: int = 0) -> None:
        self._root, self._what, self._need = root, what, need

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, OSError) and error.errno in SPACE:
            raise no_room(self._root, self._what, self._need, error) from error


def no_room(root: str, what: str, need: int, error: OSError) -> FullError:
    """Make the error for what the disk has no room for."""
    free = ""
    with contextlib.suppress(OSError):
        status = os.statvfs(root)
        free = f", {_size(status.f_bavail * status.f_frsize)} free"
    needed = f"need {_size(need)}{free}" if need else f"{error.strerror}{free}"
    return FullError(
        f"no room for {what} in {root}: {needed}\nfree some space (garbage collection of the store helps) and try again"
    )


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def sync_folder(path: str) -> None:
    """Force the names in a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Names:
    """Forces names to the disk: that of a file each time, those of the folders it is in once for this process."""

    def __init__(self, top: str) -> None:
        self._top = top
        self._safe: set[str] = set()

    def sync(self, path: str) -> None:
        """Return when the name of this file, somewhere below the top, outlives a power cut."""
        folder = os.path.dirname(path)
        sync_folder(folder)
        while folder not in self._safe and folder.startswith(self._top):
            self._safe.add(folder)
            folder = os.path.dirname(folder)
            sync_folder(folder)


def sync_file(path: str) -> os.stat_result:
    """Force the bytes of a file to the disk, and give its stat."""
    descriptor = open_regular(path)
    try:
        os.fsync(descriptor)
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def is_regular(status: os.stat_result) -> bool:
    """Say whether a stat is that of a regular file."""
    return stat.S_ISREG(status.st_mode)
