"""End the group of processes that a worker has headed."""

import contextlib
import os
import signal
import time

_PATIENCE = 1.0
"""Seconds for what a stage has started and left behind to end by itself: it may hold semaphores or shared memory."""
_PULSE = 0.005


def end_group(group: int) -> None:
    """End what is left in a group whose head has ended. In most there is nothing, and this takes 2 us."""
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
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
        return True
    return False
