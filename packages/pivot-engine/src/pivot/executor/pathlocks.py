"""Locks of paths: who writes one excludes all who read it, in whatever pipeline and whatever run of the project."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pivot.executor.bytelocks import ALONE, SHARED, Held, place
from pivot.executor.kept import KeptOpen
from pivot.executor.locking import Waiting
from pivot.executor.settings import EngineSettings
from pivot.executor.state import StageState, running_locks
from pivot.executor.workspace import absolute_paths, below, output_paths
from pivot.registry.definition import StageDefinition
from pivot.registry.layout import PIVOT_DIR
from pivot.registry.writing import opened


class Paths(NamedTuple):
    """What one stage reads and writes, relative to the project."""

    reads: Iterable[str] = ()
    """Of each stage that it needs, one output."""
    writes: Iterable[str] = ()
    """All its outputs."""


class Locks:
    """The locks that one process takes, for one stage after another; their files stay open in between."""

    def __init__(self) -> None:
        self._running, self._paths = running_locks(), path_locks()
        self.waited_until: float | None = None
        """When those of the last stage were had, on the machine's monotonic clock, if others had them."""

    @contextmanager
    def of(
        self,
        stage: StageDefinition,
        state: StageState,
        reads: Iterable[str],
        settings: EngineSettings,
        waiting: Waiting,
    ) -> Iterator[None]:
        """Hold all locks of a stage: it runs once at a time, and has its files to itself."""
        project = settings.project_root
        self.waited_until = None
        with Held(stage.ref, settings.lock_timeout, waiting) as held:
            state.lock(held, self._running)
            lock_paths(held, self._paths, project, Paths(reads, names_to_lock(stage, project)))
            self.waited_until = held.waited_until
            yield

    def close(self) -> None:
        """Let go of the files."""
        self._running.close()
        self._paths.close()


def names_to_lock(stage: StageDefinition, project: Path) -> list[str]:
    """Name the outputs of a stage as locks do."""
    return below(project, absolute_paths(stage.root, output_paths(stage)))


def names_to_read(makers: Iterable[Sequence[str]], project: Path) -> tuple[str, ...]:
    """Name the output that stands for all of a stage, for those who read any; given are the absolute paths of all."""
    return tuple(below(project, [outputs[0] for outputs in makers]))


def path_locks() -> KeptOpen:
    """Give the file of the locks of paths, of one project at a time."""
    return KeptOpen(_opened)


def lock_paths(held: Held, file: KeptOpen, project: Path, paths: Paths) -> None:
    """Take the paths of a stage: those that it writes alone, those that it reads together with others who read.

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
    """
    kinds = {**dict.fromkeys(paths.reads, SHARED), **dict.fromkeys(paths.writes, ALONE)}
    if kinds:
        descriptor = file.at(f"{project}/{PIVOT_DIR}/locks/paths")
        for at, path in sorted([(place(path), path) for path in kinds]):
            held.take(descriptor, at, kinds[path], path)


def _opened(path: str) -> int:
    try:
        return opened(path, os.O_RDWR)
    except FileNotFoundError:
        ignore = opened(f"{os.path.dirname(path)}/.gitignore", os.O_WRONLY | os.O_CREAT)
        os.write(ignore, b"*\n")
        os.close(ignore)
        return opened(path, os.O_RDWR | os.O_CREAT)
