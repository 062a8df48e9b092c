"""End the processes that stages have started and left behind."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Collection, Iterable

from pivot.executor.marks import Marked, marked

_PATIENCE = 1.0
"""Seconds for what was asked to end: it may hold semaphores or shared memory."""
_BY_ITSELF = 0.3
"""Seconds for what is about to end by itself, such as multiprocessing's tracker of resources."""
_PULSE = 0.01


def end_group(group: int) -> None:
    """End what is left in the group of a worker that has ended. In most there is nothing, and this takes 2 us."""
    end = time.monotonic() + _PATIENCE
    number = int(signal.SIGTERM)
    while _signalled(group, number):
        number = 0
        time.sleep(_PULSE)
        if time.monotonic() > end:
            _signalled(group, signal.SIGKILL)
            return


def _signalled(group: int, number: int) -> bool:
    """Send a signal; tell whether there is anybody in the group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False


def end_leftovers(mark: str, but: Collection[int] = (), *, patient: bool = False) -> list[Marked]:
    """End all processes with a mark, in whatever group or session they are; give those that had to be asked."""

    def look() -> list[Marked]:
        return [process for process in marked(mark) if process.pid not in but]

    left = _after(look, _BY_ITSELF if patient else 0.0)
    _signal(left, signal.SIGTERM)
    _signal(_after(look, _PATIENCE) if left else (), signal.SIGKILL)
    return left


def _after(look: Callable[[], list[Marked]], seconds: float) -> list[Marked]:
    """Wait until there are none, but no longer than so long; give those that there are."""
    end = time.monotonic() + seconds
    while (found := look()) and time.monotonic() < end:
        time.sleep(_PULSE)
    return found


def _signal(processes: Iterable[Marked], number: int) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process.pid, number)
