"""The processes that become workers: programs of their own, or forked off this one while it has no code of the user's.

Later none is forked: see `pivot.engine.reserve`.
"""

import contextlib
import io
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple

from pivot.executor.turns import Turns
from pivot.registry.endings import ASKING

# What is imported stays: to look for garbage meanwhile, or among it afterwards, takes a tenth of the time.
_PROGRAM = (
    "import gc, sys; gc.disable(); sys.path[:] = sys.argv[2:]; "
    "from pivot.executor.process import main; gc.freeze(); gc.enable(); main(*map(int, sys.argv[1].split()))"
)

Descriptors = tuple[int, int, int]
"""What a worker has of the pipes to its coordinator: for tasks, for turns, for reports."""


class Process(NamedTuple):
    """A process that waits for its first message, the head of a group of its own."""

    pid: int
    tasks: io.FileIO
    reports: io.FileIO
    turns: Turns
    ours: contextlib.ExitStack
    """Closes our ends of the pipes."""
    is_forked: bool
    """Whether it has still to be told what another gets from the system: variables, where to import from."""

    def has_ended(self) -> bool:
        """Tell whether it is no more. It keeps its number until it is waited for."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


Start = Callable[[Mapping[str, str]], Process]
"""Gives a process with these variables. Raises OSError."""


def start(environ: Mapping[str, str]) -> Process:
    """Start a program. Raises OSError."""
    import subprocess  # a command that forks its workers can do without

    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]

    def begin(descriptors: Descriptors) -> int:
        program = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, *flags, "-c", _PROGRAM, " ".join(map(str, descriptors)), *import_path()],
            stdin=subprocess.DEVNULL,
            env=environ,
            pass_fds=descriptors,
            process_group=0,
        )
        program.returncode = 0  # it is not for `subprocess` to wait for
        return program.pid

    return _connected(begin, is_forked=False)


def fork() -> Process:
    """Fork a worker off this process, which may have one thread only. Raises OSError."""
    from pivot.executor.process import forked  # imported in this process, for all of them

    def begin(descriptors: Descriptors) -> int:
        # Handlers of ours are not to run in the child, nor is the terminal's Ctrl-C to reach it.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, ASKING)
        try:
            pid = os.fork()
            if not pid:
                forked(descriptors, mask)
            with contextlib.suppress(OSError):
                os.setpgid(pid, pid)  # it does so too: whoever comes first
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return pid

    return _connected(begin, is_forked=True)


def _connected(begin: Callable[[Descriptors], int], *, is_forked: bool) -> Process:
    """Make the pipes, and begin a process that has its ends of them."""
    with contextlib.ExitStack() as theirs, contextlib.ExitStack() as ours:
        given, tasks = _pipe(theirs, ours)
        reports, told = _pipe(ours, theirs)
        turn, turns = _pipe(ours, ours)
        os.set_blocking(reports.fileno(), False)
        pid = begin((given.fileno(), turn.fileno(), told.fileno()))
        return Process(pid, tasks, reports, Turns(turn.fileno(), turns.fileno()), ours.pop_all(), is_forked)


def _pipe(reading: contextlib.ExitStack, writing: contextlib.ExitStack) -> tuple[io.FileIO, io.FileIO]:
    """Give both ends of a pipe, each to be closed with one of the two."""
    reader, writer = os.pipe()
    return reading.enter_context(io.FileIO(reader)), writing.enter_context(io.FileIO(writer, "w"))


def import_path() -> tuple[str, ...]:
    """Give where a worker is to import from: from where this process does."""
    return tuple(entry or os.getcwd() for entry in sys.path)
