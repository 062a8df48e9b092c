"""A worker lives no longer than its coordinator, however that ends, and takes along what its stages have started."""

import contextlib
import fcntl
import os
import select
import signal
import threading
import time

from pivot.executor.marks import RUN, marked

_TERMINAL = "/dev/tty"
_LOOK_EVERY = 0.5
"""Seconds between looks, where the kernel does not tell when a process ends."""


def tie_to(coordinator: int) -> None:
    """Make this process the head of a group of its own, which is killed when the coordinator is no more.

    A group, because stages start processes. A thread that waits, because the signal that Linux offers instead
    (PR_SET_PDEATHSIG) is sent when the thread ends that started this process, and pools start workers from threads.
    The terminal belongs to the coordinator's group: what reads it here, as `getpass` and `ssh` do, would be stopped for
    ever. So there is none, and nothing to read.
    """
    os.setpgid(0, 0)
    _read_nothing()
    _have_no_terminal()
    threading.Thread(target=_end_with, args=(coordinator,), name="pivot-lifeline", daemon=True).start()


def _read_nothing() -> None:
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    os.dup2(nothing, 0)
    os.close(nothing)


def _have_no_terminal() -> None:
    # Not by a session of its own: the head of one may not call `setpgrp`, which stages do.
    with contextlib.suppress(OSError):  # there is none
        terminal = os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            import termios  # only where there is one

            fcntl.ioctl(terminal, termios.TIOCNOTTY)
        finally:
            os.close(terminal)


def _end_with(coordinator: int) -> None:
    mark = os.environ.get(RUN)
    _wait_for_end(coordinator)
    try:
        for pid in others(mark) if mark else ():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    finally:
        os.killpg(0, signal.SIGKILL)


def others(mark: str) -> list[int]:
    """Find the other processes of the coordinator, the youngest first.

    All workers kill them at once, each other among them: in this order none is killed before what it has started.
    """
    return sorted((process.pid for process in marked(mark) if process.pid != os.getpid()), reverse=True)


def _wait_for_end(parent: int) -> None:
    """Return when the process that started this one has ended; at once if it has already."""
    try:
        handle = os.pidfd_open(parent)
    except (AttributeError, OSError):
        handle = -1  # not Linux, or it is gone
    # Asked after the handle was taken: by then it could be that of another process with the same number.
    if handle >= 0 and os.getppid() == parent:
        ended = select.poll()
        ended.register(handle, select.POLLIN)
        ended.poll()
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY)
