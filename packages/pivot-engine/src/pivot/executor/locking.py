"""Wait for an OS lock: it vanishes with its owner, however that ends, and its owner's number is for messages only."""

import contextlib
import time
from collections.abc import Callable

from pivot.executor.task import Waits
from pivot.registry.errors import LockTimeoutError

Waiting = Callable[[Waits], None]
"""Told once when somebody else holds a lock."""

_PAUSE = 0.05


def wait(take: Callable[[bool], object], timeout: float | None, doing: str) -> None:
    """Take a lock that somebody else has, as soon as that is possible.

    Args:
        take: takes it; told not to block, it raises BlockingIOError when somebody else has it.
        timeout: seconds; None: as long as it lasts.
        doing: what that other process does, for the message.

    Raises:
        LockTimeoutError: somebody else had it for longer.
    """
    if timeout is None:
        take(True)
        return
    # Polling, not SIGALRM: a worker may run user code on its main thread that owns the alarm.
    end = time.monotonic() + timeout
    while True:
        # Before the clock is looked at: this process may have been stopped meanwhile (Ctrl-Z), and the lock be free.
        with contextlib.suppress(BlockingIOError):
            take(False)
            return
        if time.monotonic() >= end:
            raise LockTimeoutError(
                f"another process has been {doing} for more than {timeout:g} s",
                hint="Wait for it, or raise run.lock_timeout in .pivot/config.yaml.",
            )
        time.sleep(_PAUSE)
