"""A disk that loses what was not forced to it: which states a power cut may leave, and how one looks to a reader.

The model is that of a journalled file system such as ext4, and a little worse. Until a file is synced, each page
written to it may be there, old or zero, and its size any that it had. Until a directory is synced, each change of its
names may be there or not; a rename is there whole or not at all. Inodes carry the times they had last.
"""

import os
import random
import stat
from collections.abc import Iterator
from typing import Any, NamedTuple

from faults_recorder import PAGE, TOP, Data, Inode, Meta, Names, Op, Synced

_NO_META = Meta(0o100600, 0, 0, 0)


class File:
    """The contents of one file: on the disk, and on the way there."""

    def __init__(self) -> None:
        self.safe = b""
        self.waiting: list[Data] = []
        self.meta = _NO_META

    def sync(self) -> None:
        for write in self.waiting:
            self.safe = _applied(self.safe, write)
        self.waiting = []

    def left(self, chance: random.Random) -> bytes:
        """Choose what a power cut leaves."""
        fate = chance.choice(_FATES) if self.waiting else "old"
        if fate == "old":
            return self.safe
        data = self.safe
        kept = 1.0 if fate == "new" else 0.0 if fate == "zeros" else chance.random()
        for write in self.waiting:
            data = _applied(data, write, kept=chance.random() < kept)
        # A file that only grew since it was synced is never shorter than it was then.
        least = min(len(self.safe), *(write.size for write in self.waiting))
        return data[: chance.randrange(least, len(data) + 1)] if fate == "cut" else data


_FATES = ("old", "new", "zeros", "some", "cut")


def _applied(data: bytes, write: Data, *, kept: bool = True) -> bytes:
    data = data[: write.size].ljust(write.size, b"\0")
    return data[: write.offset] + write.data + data[write.offset + len(write.data) :] if kept else data


class State(NamedTuple):
    """What a power cut has left."""

    names: dict[tuple[int, str], int]
    files: dict[int, tuple[bytes, Meta]]
    folders: frozenset[int]


class Disk:
    """Follows recorded operations; `left` gives a state that a power cut may leave at this point."""

    def __init__(self) -> None:
        self._files: dict[int, File] = {}
        self._safe: dict[tuple[int, str], int] = {}
        self._waiting: list[Names] = []

    def apply(self, op: Op) -> None:
        """Follow one operation."""
        if isinstance(op, Data):
            self._file(op.file).waiting.append(op)
        elif isinstance(op, Inode):
            self._file(op.file).meta = op.meta
        elif isinstance(op, Names):
            self._waiting.append(op)
        elif isinstance(op, Synced):
            self._sync(op.file)

    def left(self, chance: random.Random) -> State:
        """Choose a state."""
        names, often = dict(self._safe), chance.choice((0.0, 0.2, 0.5, 0.8, 1.0))
        for change in self._waiting:
            if chance.random() < often:
                _rename(names, change)
        files = {file: (self._file(file).left(chance), self._file(file).meta) for file in set(names.values())}
        folders = {folder for folder, _ in names} | {f for f, (_, meta) in files.items() if stat.S_ISDIR(meta.mode)}
        return State(names, files, frozenset(folders))

    def _file(self, number: int) -> File:
        return self._files.setdefault(number, File())

    def _sync(self, number: int | None) -> None:
        for file in self._files.values() if number is None else [self._file(number)]:
            file.sync()
        touching = [unit for unit in self._waiting if number is None or any(at == number for at, _, _ in unit.changes)]
        self._waiting = [unit for unit in self._waiting if unit not in touching]
        for unit in touching:
            _rename(self._safe, unit)


def _rename(names: dict[tuple[int, str], int], unit: Names) -> None:
    for folder, name, file in unit.changes:
        if file is None:
            names.pop((folder, name), None)
        else:
            names[folder, name] = file


def materialise(state: State, top: str, inodes: "Inodes") -> None:
    """Make a state in an empty directory, with the inodes that the lost machine had."""
    inodes.clear()
    for folder, path in _folders(state, TOP, top):
        for (at, name), file in state.names.items():
            if at == folder and file not in state.folders:
                data, meta = state.files[file]
                _write(f"{path}/{name}", data, meta)
                inodes.remember(f"{path}/{name}", meta)


def _folders(state: State, folder: int, path: str) -> Iterator[tuple[int, str]]:
    os.makedirs(path, exist_ok=True)
    yield folder, path
    for (at, name), file in state.names.items():
        if at == folder and file in state.folders:
            yield from _folders(state, file, f"{path}/{name}")


def _write(path: str, data: bytes, meta: Meta) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    if data:
        os.write(descriptor, data)
    os.fchmod(descriptor, stat.S_IMODE(meta.mode))
    os.utime(descriptor, ns=(meta.mtime_ns, meta.mtime_ns))
    os.close(descriptor)


class Inodes:
    """Inode numbers and ctimes of the lost machine, shown until a file is touched: no program could set them."""

    def __init__(self) -> None:
        self._lost: dict[tuple[int, int], tuple[int, Meta]] = {}

    def clear(self) -> None:
        self._lost.clear()

    def remember(self, path: str, meta: Meta) -> None:
        real = os.lstat(path)
        self._lost[real.st_dev, real.st_ino] = real.st_ctime_ns, meta

    def shown(self, real: os.stat_result) -> os.stat_result:
        touched, meta = self._lost.get((real.st_dev, real.st_ino), (-1, _NO_META))
        if real.st_ctime_ns != touched:
            return real
        fields: dict[str, Any] = {name: getattr(real, name) for name in _NANOSECONDS}
        return os.stat_result((real[0], meta.ino, *real[2:10]), {**fields, "st_ctime_ns": meta.ctime_ns})

    def show(self) -> None:
        """Let every stat of this process tell these inodes, for good."""
        module: Any = os
        for name in ("stat", "lstat", "fstat"):
            setattr(module, name, self._showing(getattr(os, name)))

    def _showing(self, real: Any) -> Any:
        return lambda *args, **more: self.shown(real(*args, **more))


_NANOSECONDS = ("st_atime_ns", "st_mtime_ns", "st_blocks", "st_blksize", "st_rdev")
assert PAGE == 4096
