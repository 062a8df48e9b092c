"""One worker process, seen from the coordinator: started, given tasks, listened to, ended."""

import contextlib
import fcntl
import os
import pickle
import select
import sys
from collections import deque
from collections.abc import Mapping

from pivot.engine.deaths import Death
from pivot.engine.processes import Start, import_path, start
from pivot.executor.channel import Inbox, Packer, Unpacker, send, whole
from pivot.executor.task import Given, Hello, StageTask, TaskOptions
from pivot.executor.turns import NOW
from pivot.executor.usage import peak_of

_SPARE = 4 * 4096
"""Bytes of a pipe's room that few messages may waste: each ends somewhere in a page."""


class Worker:
    """One worker process: the head of a group of its own, with what its stages start.

    Neither multiprocessing's nor loky's: both start a second process that tracks resources, both take longer to be
    imported than a whole worker takes to start, and loky's lack the interpreter's flags (`-O`, `-W`, `-X`).
    """

    def __init__(self, options: TaskOptions, invented: Mapping[str, str] = {}, start: Start = start) -> None:
        """Have one, with variables of its own. It takes a task at once, and begins some time later. Raises OSError."""
        environ = {**os.environ, **invented}
        self._process = process = start(environ)
        self._size = _size(process.tasks.fileno())
        self._sent = deque[int](maxlen=2)
        """Bytes of the last two messages. What came before them it has read: it has asked, or reported, since."""
        self.pid = process.pid
        self.handle = _handle(self.pid)
        """Readable when the process has ended; None: the system has no such thing."""
        if self.handle is not None:
            process.ours.callback(os.close, self.handle)
        self.inbox = Inbox(process.reports.fileno())
        self.unpack = Unpacker()
        """Gives what a message from the inbox says."""
        self._pack = Packer()
        self._options = options
        """What it was told last: of the run that it serves, and of what its code was identified from."""
        given = Given(import_path(), environ) if process.is_forked else None
        hello = Hello(options, os.getpid(), tuple(sys.argv), frozenset(invented), given)
        self._send(NOW + self._pack(hello))

    def take(self, task: StageTask, options: TaskOptions) -> None:
        """Give it a task of a run, when it has none. Raises whatever pickling it does, for one that carries a function.

        The others need not be pickled by loky (that is, cloudpickle), which takes five times as long.
        """
        self._send(NOW + self._packed(task, options))
        self._options = options

    def take_ahead(self, task: StageTask, options: TaskOptions) -> bool:
        """Give it a task to begin after the one that it has, if that succeeds. False: it cannot be sent just now."""
        packed = self._packed(task, options)
        if len(packed) + sum(self._sent) + _SPARE > self._size:  # nobody may have to wait until a worker reads this
            self._pack.begin_anew()
            return False
        self._send(self._process.turns.give() + packed)
        return True

    def take_back(self) -> bool:
        """Tell whether the task that it was given ahead has not begun; then it never will."""
        return self._process.turns.take_back()

    def answer(self, told: Mapping[str, str]) -> None:
        """Answer what it asked."""
        # By itself, for it is read before a task that was sent first.
        self._send(NOW + whole(pickle.dumps(told)))

    def _packed(self, task: StageTask, options: TaskOptions) -> bytes:
        message = options.run_id if options is self._options else options, task
        if task.info is None:
            return self._pack(message)
        from loky.backend.reduction import dumps

        return whole(dumps(message))

    def _send(self, message: bytes) -> None:
        self._sent.append(len(message))
        # Whether it lives to read this is found out when it is listened to.
        with contextlib.suppress(BrokenPipeError):
            send(self._process.tasks.fileno(), message)

    def is_dead(self) -> bool:
        """Tell whether it has ended. It keeps its number until it is buried."""
        return self._process.has_ended()

    def signal(self, number: int) -> None:
        """Send a signal to it, and to what its stages have started and left in its group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def dismiss(self) -> None:
        """Tell it that there will be no more tasks: it ends by itself."""
        self._process.tasks.close()

    def bury(self) -> Death:
        """Wait until it has ended, let go of it, and say how it ended."""
        # wait4, because how much memory it held cannot be read any more when it has ended.
        _, status, usage = os.wait4(self.pid, 0)
        self._process.ours.close()
        return Death(os.waitstatus_to_exitcode(status), peak_of(usage))


def _size(pipe: int) -> int:
    try:
        return fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
    except AttributeError:
        return select.PIPE_BUF  # not Linux


def _handle(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None  # not Linux, or an old one
