"""Locks of paths: who writes one excludes all who read it, in whatever pipeline and whatever run of the project."""

import fcntl
import os
import struct
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from blake3 import blake3

from pivot.executor.locking import Waiting, acquire
from pivot.executor.settings import EngineSettings
from pivot.executor.state import state_of
from pivot.executor.task import Waits
from pivot.executor.workspace import absolute, output_paths
from pivot.registry.definition import StageDefinition
from pivot.registry.layout import PIVOT_DIR
from pivot.registry.types import StageRef
from pivot.registry.writing import opened

_FLOCK = "hhqqi0q"
"""`struct flock` of Linux: type, whence, start, length, owner."""
_OWNERS = 4096
_OWNER = "<q"


class Paths(NamedTuple):
    """What one stage reads and writes, relative to the project."""

    reads: Iterable[str] = ()
    """Of each stage that it needs, one output."""
    writes: Iterable[str] = ()
    """All its outputs."""


@contextmanager
def stage_locked(
    stage: StageDefinition, reads: Iterable[str], settings: EngineSettings, waiting: Waiting
) -> Iterator[None]:
    """Hold all locks of a stage: it runs once at a time, and has its files to itself."""
    project, timeout = settings.project_root, settings.lock_timeout
    paths = Paths(reads, names_to_lock(stage, project))
    with state_of(stage).locked(timeout, waiting), paths_locked(project, stage.ref, paths, timeout, waiting):
        yield


def names_to_lock(stage: StageDefinition, project: Path) -> list[str]:
    """Name the outputs of a stage as locks do."""
    return [_name(stage, path, project) for path in output_paths(stage)]


def name_to_read(maker: StageDefinition, project: Path) -> str:
    """Name the output that stands for all outputs of a stage, for those who read any."""
    first = next(path for out in maker.outputs for path in out.paths)
    return _name(maker, first, project)


def _name(stage: StageDefinition, path: str, project: Path) -> str:
    return absolute(stage.root, path)[len(str(project)) + 1 :]


@contextmanager
def paths_locked(project: Path, ref: StageRef, paths: Paths, timeout: float | None, waiting: Waiting) -> Iterator[None]:
    """Hold the paths of a stage: those that it writes alone, those that it reads together with others who read.

    A stage's own lock says that it runs once at a time. This one says that nobody reads what it is just writing, or
    writes what it is just reading: a run that left the stage above alone, or looked at it before another run began to
    make it anew, would read half of a file, or fail because it changed.

    A path is one byte of one file of the project, at a place that is the path's hash. So there is one file to open,
    whatever a stage reads: a file for each path would need as many descriptors, and a stage may read 10,000. Who
    writes holds all that it writes, so who reads needs one byte of each stage that it needs.

    There is no deadlock. A process takes its stage's lock first and holds nothing else while it waits for that. Then
    it takes bytes, in the order of their places, whatever it reads and whatever it writes: who waits for a byte holds
    only bytes before it, so nobody waits in a circle, not even when two runs disagree about who needs whom. Nobody
    who holds a byte waits for a stage's lock, and who waits for a byte has a worker already.

    On Linux a lock belongs to the open file, elsewhere to the process: there, it would be lost as soon as a stage
    opened and closed the file, as one does that reads the whole project.
    """
    kinds = {**dict.fromkeys(paths.reads, fcntl.F_RDLCK), **dict.fromkeys(paths.writes, fcntl.F_WRLCK)}
    if not kinds:
        yield
        return
    descriptor = _opened(project)
    try:
        _take_all(descriptor, ref, kinds, timeout, waiting)
        yield
    finally:
        # A process that the stage has started may have the file too: closing it is not enough.
        with suppress(OSError):
            _set(descriptor, fcntl.F_UNLCK, 0, 0, block=False)
        os.close(descriptor)


def _opened(project: Path) -> int:
    directory = f"{project}/{PIVOT_DIR}/locks"
    try:
        return opened(f"{directory}/paths", os.O_RDWR)
    except FileNotFoundError:
        ignore = opened(f"{directory}/.gitignore", os.O_WRONLY | os.O_CREAT)
        os.write(ignore, b"*\n")
        os.close(ignore)
        return opened(f"{directory}/paths", os.O_RDWR | os.O_CREAT)


def _take_all(file: int, ref: StageRef, kinds: Mapping[str, int], timeout: float | None, waiting: Waiting) -> None:
    for place, path in sorted((_place(path), path) for path in kinds):
        kind = kinds[path]

        def take(block: bool, kind: int = kind, place: int = place) -> None:
            _set(file, kind, place, 1, block=block)

        def tell(path: str = path, place: int = place) -> None:
            waiting(Waits(ref, _owner(file, place), path))

        acquire(take, timeout, tell, f"using {path}")
        os.pwrite(file, struct.pack(_OWNER, os.getpid()), _owner_at(place))


def _place(path: str) -> int:
    """Give the place of a path: as large as an offset may be, so that two paths have one place never."""
    digest: bytes = blake3(os.fsencode(path)).digest(length=8)
    return int.from_bytes(digest, "big") >> 2


def _set(file: int, kind: int, start: int, length: int, *, block: bool) -> None:
    if sys.platform == "linux":
        command = fcntl.F_OFD_SETLKW if block else fcntl.F_OFD_SETLK
        fcntl.fcntl(file, command, struct.pack(_FLOCK, kind, os.SEEK_SET, start, length, 0))
    else:
        operation = {fcntl.F_RDLCK: fcntl.LOCK_SH, fcntl.F_WRLCK: fcntl.LOCK_EX, fcntl.F_UNLCK: fcntl.LOCK_UN}[kind]
        fcntl.lockf(file, operation if block else operation | fcntl.LOCK_NB, length, start)


def _owner_at(place: int) -> int:
    """Say where the number of the last one who took a place is kept. Two places may share it: it is for messages."""
    return place % _OWNERS * struct.calcsize(_OWNER)


def _owner(file: int, place: int) -> int | None:
    raw = os.pread(file, struct.calcsize(_OWNER), _owner_at(place))
    number: int = struct.unpack(_OWNER, raw)[0] if len(raw) == struct.calcsize(_OWNER) else 0
    return number or None
