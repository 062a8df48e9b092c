"""Workers that outlive a run: what they have imported of libraries, the next run need not import again."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from pivot.engine.events import Event
from pivot.engine.pool import PoolRunner
from pivot.engine.runner import Over, Runner, Tell
from pivot.executor.observed import Identify
from pivot.executor.task import StageTask, TaskOptions
from pivot.registry.types import PipelineName, StageRef

_COMPILED = (".so", ".pyd", ".dylib")
_INSTALLED = frozenset({"site-packages", "dist-packages"})


class _Terms(NamedTuple):
    """What a worker was started with and cannot change."""

    options: TaskOptions
    once: tuple[tuple[str, int], ...]


class WarmPool:
    """Lends its workers to one run after another.

    The user's own modules are loaded anew in every run (see `pivot.executor.worker`). What a process can import only
    once is not: when packages were installed, or a compiled module of the project changed, there are new workers.
    """

    def __init__(self) -> None:
        self._terms: _Terms | None = None
        self._jobs = 0
        self._pool: PoolRunner | None = None
        self._compiled: tuple[str, ...] = ()

    def know(self, files: Iterable[str]) -> None:
        """Say which files there are now: of these, compiled modules count."""
        self._compiled = tuple(sorted(path for path in files if path.endswith(_COMPILED)))

    def runner(self, options: TaskOptions, jobs: int, tell: Tell, identify: Identify) -> Runner:
        """Give a run its workers: those of the run before, if they will do."""
        terms = _Terms(options._replace(run_id="", code_files={}), _marks((*_installed(), *self._compiled)))
        if self._pool is None or terms != self._terms or jobs > self._jobs:
            self.close()
            self._pool, self._terms, self._jobs = PoolRunner(options, jobs, tell, identify), terms, jobs
        else:
            self._pool.serve(options, tell, identify)
        return _Lent(self._pool, self.kill)

    def close(self) -> None:
        """End the workers."""
        if self._pool is not None and self._terms is not None:
            self._pool.serve(self._terms.options, _nobody, _nothing)
            self._pool.close()
            self._pool = None

    def kill(self) -> None:
        """End the workers, whatever they do."""
        if self._pool is not None:
            self._pool.kill()
            self._pool = None


class _Lent:
    """A pool for the time of one run, which does not end it."""

    def __init__(self, pool: PoolRunner, kill: Callable[[], None]) -> None:
        self._pool = pool
        self._kill = kill

    def room(self, *, ahead: bool) -> int:
        """Count the stages that workers can take."""
        return self._pool.room(ahead=ahead)

    def start(self, task: StageTask) -> None:
        """Hand it to a worker."""
        self._pool.start(task)

    def wait(self) -> Over:
        """Wait for a worker's report."""
        return self._pool.wait()

    def hold_back(self) -> None:
        """Let nothing begin that has not begun."""
        self._pool.hold_back()

    def take_back(self) -> list[StageRef]:
        """Name the stages that have not begun."""
        return self._pool.take_back()

    def close(self) -> None:
        """Leave the workers for the next run."""

    def kill(self) -> None:
        """End the workers, whatever they do."""
        self._kill()

    def hold(self) -> None:
        """Stop the workers."""
        self._pool.hold()

    def go_on(self) -> None:
        """Let them go on."""
        self._pool.go_on()


def _nobody(_event: Event) -> None:
    """Between two runs there is nobody to tell."""


def _nothing(_pipeline: PipelineName, _names: Sequence[str]) -> Mapping[str, str]:
    """Nor anybody to ask."""
    return {}


def _installed() -> list[str]:
    """Directories of installed packages: they change when one is installed, upgraded or removed."""
    return [path for path in sys.path if os.path.basename(path) in _INSTALLED]


def _marks(paths: Iterable[str]) -> tuple[tuple[str, int], ...]:
    found = []
    for path in paths:
        with contextlib.suppress(OSError):
            found.append((path, os.stat(path).st_mtime_ns))
    return tuple(found)
