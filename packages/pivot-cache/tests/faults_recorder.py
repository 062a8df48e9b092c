"""What a store does to its disk, written down in order: contents, names, times, and what was forced to the disk when.

The functions of `os` are wrapped in the process that is recorded. What others write (LMDB, buffered files) is found by
comparing a file with what is known of it whenever it is named, renamed or forced to the disk.
"""

import builtins
import os
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

PAGE = 4096
META_PAGES = 2 * PAGE


class Meta(NamedTuple):
    """What the inode of a file says, which no program could set again on another file system."""

    mode: int
    mtime_ns: int
    ctime_ns: int
    ino: int


class Data(NamedTuple):
    """Bytes written to a file; a size of its own, because a file may be cut."""

    file: int
    offset: int
    data: bytes
    size: int


class Inode(NamedTuple):
    """The inode of a file has changed."""

    file: int
    meta: Meta


class Names(NamedTuple):
    """Names that appear (with a file) or go away (with None), in one step."""

    changes: tuple[tuple[int, str, int | None], ...]


class Synced(NamedTuple):
    """A file or directory was forced to the disk; None for the whole file system."""

    file: int | None


class Said(NamedTuple):
    """What the user of the store was told."""

    what: str
    about: str = ""
    durable: bool = False


Op = Data | Inode | Names | Synced | Said
TOP = 0


class Recorder:
    """The operations of one process after another on one store.

    record    wrap `os`, run, unwrap
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.ops: list[Op] = []
        self._contents: dict[int, bytes] = {}
        self._ids: dict[int, int] = {}
        self._folders: set[int] = set()
        self._next = TOP + 1

    def said(self, what: str, about: str = "", *, durable: bool = False) -> None:
        """Note what a call has returned."""
        self.ops.append(Said(what, about, durable))

    def record(self, work: Callable[["Recorder"], None], boot: bytes) -> None:
        """Run something in this process for good: nothing is unwrapped."""
        from pivot.cache import lmdbrows

        pretend("boot_id", lambda *_: boot)
        pretend("sync_file_system", lambda path: self.ops.append(Synced(None)))
        self._wrap_os()
        self._wrap_open()
        self._wrap_lmdb(lmdbrows)
        work(self)

    # -- what is wrapped

    def _wrap_os(self) -> None:
        module: Any = os
        real = {name: getattr(os, name) for name in _WRAPPED if hasattr(os, name)}

        def wrap(name: str) -> None:
            def wrapped(*args: Any, **more: Any) -> Any:
                return getattr(self, f"_{_WRAPPED[name]}")(real[name], *args, **more)

            setattr(module, name, wrapped)

        for name in real:
            wrap(name)

    def _wrap_open(self) -> None:
        real = builtins.open

        def wrapped(path: Any, mode: str = "r", *args: Any, **more: Any) -> Any:
            if isinstance(path, int) or mode in ("r", "rb"):
                return real(path, mode, *args, **more)
            before = self._known(path)
            file = real(path, mode, *args, **more)
            if before is None:
                self._appeared(path)
            return file

        vars(builtins)["open"] = wrapped

    def _wrap_lmdb(self, lmdbrows: Any) -> None:
        opened, written = lmdbrows._open, lmdbrows.LmdbRows._write_once

        def opening(place: Any) -> Any:
            # Asked before they can have been made: a new file may have the inode of one that is gone.
            known = {path: self._known(path) for path in (f"{place.folder}/lock.mdb", f"{place.folder}/data.mdb")}
            environment = opened(place)
            for path in [path for path, file in known.items() if file is None]:
                self._appeared(path)
            self._compare(f"{place.folder}/data.mdb")
            return environment

        def writing(rows: Any, batch: Any) -> None:
            written(rows, batch)
            self._committed(f"{rows._place.folder}/data.mdb", rows._place.durability)

        lmdbrows._open, lmdbrows.LmdbRows._write_once = opening, writing

    def _committed(self, path: str, durability: str) -> None:
        # LMDB's own order: pages, fdatasync, then the meta page, which only `metasync` forces to the disk.
        file, data = self._id(path), _read(path)
        known = self._contents[file]
        meta, pages = data[:META_PAGES], known[:META_PAGES] + data[META_PAGES:]
        self._learn(file, pages)
        if durability != "off":
            self.ops.append(Synced(file))
        self._learn(file, meta + data[META_PAGES:])
        if durability == "strict":
            self.ops.append(Synced(file))

    # -- what the wrapped functions do, besides their work

    def _opening(self, real: Any, path: Any, flags: int, *args: Any, **more: Any) -> Any:
        before = None if flags & os.O_TMPFILE == os.O_TMPFILE else self._known(path)
        descriptor = real(path, flags, *args, **more)
        if self._inside(path) and flags & os.O_TMPFILE == os.O_TMPFILE:
            self._new(os.fstat(descriptor).st_ino)
        elif flags & os.O_CREAT and before is None:
            self._appeared(path)
        return descriptor

    def _writing(self, real: Any, descriptor: int, *args: Any) -> Any:
        answer = real(descriptor, *args)
        self._compare(descriptor)
        return answer

    def _copying(self, real: Any, source: int, target: int, *args: Any, **more: Any) -> Any:
        answer = real(source, target, *args, **more)
        self._compare(target)
        return answer

    def _changing(self, real: Any, path: Any, *args: Any, **more: Any) -> Any:
        real(path, *args, **more)
        self._compare(path)
        self._note(path)

    def _syncing(self, real: Any, descriptor: int) -> None:
        # Not really: the disk has better things to do, and the model says what would have been.
        ino = os.fstat(descriptor).st_ino
        if ino in self._ids:
            self._compare(descriptor)
            self.ops.append(Synced(self._ids[ino]))
        elif ino == os.lstat(self.root).st_ino:
            self.ops.append(Synced(TOP))

    def _linking(self, real: Any, source: Any, target: Any, **more: Any) -> None:
        place = int(source.rpartition("/")[2]) if source.startswith("/proc/self/fd/") else source
        self._compare(place)
        real(source, target, **more)
        self._note(place)
        if self._inside(target):
            self.ops.append(Names(((*self._at(target), self._id(place)),)))

    def _renaming(self, real: Any, source: Any, target: Any) -> None:
        file, gone = self._known(source), self._inside(source)
        if file is not None:
            self._compare(source)
        real(source, target)
        changes: list[tuple[int, str, int | None]] = []
        if self._inside(target):
            changes.append((*self._at(target), file))
        if gone:
            changes.append((*self._at(source), None))
        self._note(target)
        if changes:
            self.ops.append(Names(tuple(changes)))

    def _unlinking(self, real: Any, path: Any, **more: Any) -> None:
        real(path, **more)
        if "dir_fd" not in more and self._inside(path):
            self.ops.append(Names(((*self._at(path), None),)))

    def _making(self, real: Any, path: Any, *args: Any, **more: Any) -> None:
        real(path, *args, **more)
        if self._inside(path):
            self._folders.add(self._new(os.lstat(path).st_ino))
            self._note(path)
            self.ops.append(Names(((*self._at(path), self._id(path)),)))

    # -- what is known of files

    def _inside(self, path: Any) -> bool:
        return not isinstance(path, int) and os.path.abspath(os.fsdecode(path)).startswith(self.root + "/")

    def _at(self, path: Any) -> tuple[int, str]:
        folder, name = os.path.split(os.path.abspath(os.fsdecode(path)))
        return (TOP if folder == self.root else self._id(folder)), name

    def _id(self, place: Any) -> int:
        return self._ids[(os.fstat(place) if isinstance(place, int) else os.lstat(place)).st_ino]

    def _known(self, path: Any) -> int | None:
        try:
            return self._ids.get(os.lstat(path).st_ino)
        except FileNotFoundError:
            return None

    def _new(self, ino: int) -> int:
        self._ids[ino], self._next = self._next, self._next + 1
        self._contents[self._ids[ino]] = b""
        return self._ids[ino]

    def _appeared(self, path: Any) -> None:
        if self._inside(path):
            self._new(os.lstat(path).st_ino)
            self._note(path)
            self.ops.append(Names(((*self._at(path), self._id(path)),)))

    def _note(self, place: Any) -> None:
        status = os.fstat(place) if isinstance(place, int) else os.lstat(place)
        if status.st_ino in self._ids:
            meta = Meta(status.st_mode, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
            self.ops.append(Inode(self._ids[status.st_ino], meta))

    def _compare(self, place: Any) -> None:
        ino = (os.fstat(place) if isinstance(place, int) else os.lstat(place)).st_ino
        if ino in self._ids and self._ids[ino] not in self._folders:
            self._learn(self._ids[ino], _read(f"/proc/self/fd/{place}" if isinstance(place, int) else place))

    def _learn(self, file: int, data: bytes) -> None:
        known = self._contents[file]
        for offset in range(0, len(data), PAGE):
            page = data[offset : offset + PAGE]
            if known[offset : offset + PAGE] != page:
                self.ops.append(Data(file, offset, page, max(len(known), offset + len(page))))
        if len(data) < len(known):
            self.ops.append(Data(file, 0, b"", len(data)))
        self._contents[file] = data


def pretend(name: str, function: Any) -> None:
    """Put something else in the place of one function of the store, in this process for good."""
    for module in [module for known, module in sys.modules.items() if known.startswith("pivot.cache.")]:
        if name in vars(module):
            vars(module)[name] = function


def _read(path: Any) -> bytes:
    descriptor = _REAL_OPEN(path, os.O_RDONLY)
    try:
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    finally:
        os.close(descriptor)


_REAL_OPEN = os.open
_WRAPPED = {
    "open": "opening",
    "write": "writing", "pwrite": "writing", "writev": "writing", "pwritev": "writing", "ftruncate": "changing",
    "copy_file_range": "copying", "sendfile": "writing",
    "truncate": "changing", "chmod": "changing", "fchmod": "changing", "utime": "changing",
    "fsync": "syncing", "fdatasync": "syncing",
    "link": "linking", "rename": "renaming", "replace": "renaming",
    "unlink": "unlinking", "remove": "unlinking", "rmdir": "unlinking", "mkdir": "making",
}  # fmt: skip
