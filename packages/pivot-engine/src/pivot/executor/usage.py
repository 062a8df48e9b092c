"""What a stage takes of the machine: processor time and memory, measured in the process that runs it."""

import os
import resource
import sys
import time
from typing import NamedTuple

from pivot.executor.kept import KeptOpen

_TO_BYTES = 1 if sys.platform == "darwin" else 1024
_LONGEST_STATUS = 8192


class Usage(NamedTuple):
    """What one stage took, loading, hashing and storing included."""

    worker: int
    """The process that ran it."""
    began: float
    """On this machine's monotonic clock."""
    cpu: float
    """Seconds in user and system mode, those of child processes that were waited for included."""
    memory: int | None
    """The most bytes that the process held in memory at once, or one of its children. None: not known."""


class Meter:
    """Measures from when it begins until it is read, for one stage after another.

    `ru_maxrss` only grows, so a warm worker would give each stage the peak of the greediest one before it. Linux
    lets a process reset its high-water mark: 6 us, however big the process is. `ru_maxrss` is that mark then, or what
    the process held before it became this program, if that is more; so it is the mark if it was ever less. To read the
    mark itself takes 16 us. Elsewhere the figure is an upper bound.
    """

    def __init__(self) -> None:
        self._mark = KeptOpen(lambda path: os.open(path, os.O_WRONLY | os.O_CLOEXEC))
        self._least = sys.maxsize
        """The least that `ru_maxrss` ever was."""

    def begin(self) -> None:
        """Measure from now on."""
        self._exact = self._reset_peak()
        self._began = time.monotonic()
        self._cpu, peak, self._children_peak = _so_far()
        self._least = min(self._least, peak)

    def read(self) -> Usage:
        """Give what was taken since."""
        cpu, peak, children_peak = _so_far()
        # Of children the kernel keeps only the biggest ever: one that was smaller than an earlier one goes unseen.
        grown = children_peak if children_peak > self._children_peak else 0
        if self._exact and peak <= self._least:
            peak = _peak() or peak
        return Usage(os.getpid(), self._began, cpu - self._cpu, max(peak, grown) or None)

    def close(self) -> None:
        """Let go of the file."""
        self._mark.close()

    def _reset_peak(self) -> bool:
        """Let the high-water mark of this process's memory start anew; tell whether that was possible."""
        try:
            os.write(self._mark.at("/proc/self/clear_refs"), b"5")
        except OSError:
            return False
        return True


def peak_of(usage: resource.struct_rusage) -> int | None:
    """Give the most bytes that a process held in memory at once, from what the system tells when it is waited for."""
    return usage.ru_maxrss * _TO_BYTES or None


def _so_far() -> tuple[float, int, int]:
    """Give the processor seconds of this process and its ended children, its peak, and that of the biggest child."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    return cpu, own.ru_maxrss * _TO_BYTES, children.ru_maxrss * _TO_BYTES


def _peak() -> int | None:
    """Read the high-water mark, in bytes."""
    try:
        descriptor = os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)
        try:
            status = os.read(descriptor, _LONGEST_STATUS)
        finally:
            os.close(descriptor)
        _, _, rest = status.partition(b"VmHWM:")
        return int(rest.split(None, 1)[0]) * 1024
    except (OSError, ValueError, IndexError):
        return None
