"""Why a worker process ended while it had a stage, for people."""

import contextlib
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pivot.executor.task import CLOSED

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


class Death(NamedTuple):
    """How a worker process ended."""

    code: int
    """Its exit code; of a signal, minus its number."""
    peak: int | None
    """The most bytes that it held in memory at once since its last stage began."""


def told(death: Death, seconds: float, *, out_of_memory: bool) -> str:
    """Say how a worker ended that had a stage for so long."""
    after = f"after {seconds:.1f} s" if seconds < 10 else f"after {seconds:.0f} s"
    peak = "" if death.peak is None else f", peak memory {_size(death.peak)}"
    if death.code == CLOSED:
        return f"it closed file descriptors that are not its own, {after} (os.closerange, os.close)"
    if death.code >= 0:
        return f"it ended its worker process itself, with exit code {death.code}, {after}{peak}"
    reason = " (out of memory)" if out_of_memory else ""
    return f"worker killed by {_name(-death.code)} {after}{peak}{reason}"


def _name(number: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


def _size(count: float) -> str:
    for unit in _UNITS[:-1]:
        if count < 1024:
            return f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} {_UNITS[-1]}"


class OutOfMemory:
    """Tells whether a process that was killed was killed by the kernel, to get memory back: it counts these.

    Each kill that it counted explains one death.
    """

    def __init__(self, counters: Iterable[Path]) -> None:
        self._counters = tuple(counters)
        self._explained = self._count()

    def explains(self, death: Death) -> bool:
        """Tell whether memory ran out."""
        if death.code != -signal.SIGKILL or self._count() <= self._explained:
            return False
        self._explained += 1
        return True

    def _count(self) -> int:
        """Ask the group of processes that this one is in, which knows best; else the machine."""
        for counter in self._counters:
            with contextlib.suppress(OSError, ValueError):
                return _field(counter.read_text(), "oom_kill")
        return 0


def _field(text: str, name: str) -> int:
    """Read a field of a file of lines `name number`. Raises ValueError: there is none."""
    for line in text.splitlines():
        found, _, value = line.partition(" ")
        if found == name:
            return int(value)
    raise ValueError(name)


def counters() -> list[Path]:
    """Name the files in which the kernel counts, the nearest first: cgroup v2, cgroup v1, the machine."""
    found = []
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, kinds, path = line.split(":", 2)
            if kinds in ("", "memory"):
                found.append(_counter(kinds, path))
    return [*found, Path("/proc/vmstat")]


def _counter(kind: str, path: str) -> Path:
    if kind:
        return Path(f"/sys/fs/cgroup/memory{path}/memory.oom_control")
    return Path(f"/sys/fs/cgroup{path}/memory.events")
