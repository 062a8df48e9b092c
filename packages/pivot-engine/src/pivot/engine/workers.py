"""One worker process, seen from the coordinator: started, given tasks, listened to, ended."""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Mapping

from pivot.engine.deaths import Death
from pivot.executor.channel import Inbox, Packer, Unpacker, send, whole
from pivot.executor.task import Hello, StageTask, TaskOptions
from pivot.executor.usage import peak_of

# What is imported stays: to look for garbage meanwhile, or among it afterwards, takes a tenth of the time.
_PROGRAM = (
    "import gc, sys; gc.disable(); sys.path[:] = sys.argv[3:]; "
    "from pivot.executor.process import main; gc.freeze(); gc.enable(); main(int(sys.argv[1]), int(sys.argv[2]))"
)


class Worker:
    """One worker process: the head of a group of its own, with what its stages start.

    Neither multiprocessing's nor loky's: both start a second process that tracks resources, both take longer to be
    imported than a whole worker takes to start, and loky's lack the interpreter's flags (`-O`, `-W`, `-X`).
    """

    def __init__(self, options: TaskOptions, invented: Mapping[str, str] = {}) -> None:
        """Start it, with variables of its own. It takes a task at once, and begins some time later. Raises OSError."""
        with contextlib.ExitStack() as theirs, contextlib.ExitStack() as ours:
            tasks, self._tasks = _pipe(theirs, ours)
            listened, reports = _pipe(ours, theirs)
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                _command(tasks.fileno(), reports.fileno()),
                stdin=subprocess.DEVNULL,
                env={**os.environ, **invented},
                pass_fds=(tasks.fileno(), reports.fileno()),
                process_group=0,
            )
            self._ours = ours.pop_all()
        self.pid = self._process.pid
        self.handle = _handle(self.pid)
        """Readable when the process has ended; None: the system has no such thing."""
        if self.handle is not None:
            self._ours.callback(os.close, self.handle)
        os.set_blocking(listened.fileno(), False)
        self.inbox = Inbox(listened.fileno())
        self.unpack = Unpacker()
        """Gives what a message from the inbox says."""
        self._pack = Packer()
        hello = Hello(options, os.getpid(), tuple(sys.argv), frozenset(invented))
        self.tell(hello)

    def take(self, task: StageTask, run_id: str) -> None:
        """Give it a task of a run. Raises whatever pickling it does, for one that carries a function.

        The others need not be pickled by loky (that is, cloudpickle), which takes five times as long.
        """
        if task.info is None:
            self.tell((run_id, task))
        else:
            from loky.backend.reduction import dumps

            self._send(whole(dumps((run_id, task))))

    def tell(self, message: Hello | Mapping[str, str] | tuple[str, StageTask]) -> None:
        """Send a message: the first, a task, or the answer to what it asked."""
        self._send(self._pack(message))

    def _send(self, message: bytes) -> None:
        # Whether it lives to read this is found out when it is listened to.
        with contextlib.suppress(BrokenPipeError):
            send(self._tasks.fileno(), message)

    def is_dead(self) -> bool:
        """Tell whether it has ended. It keeps its number until it is buried."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def signal(self, number: int) -> None:
        """Send a signal to it, and to what its stages have started and left in its group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def dismiss(self) -> None:
        """Tell it that there will be no more tasks: it ends by itself."""
        self._tasks.close()

    def bury(self) -> Death:
        """Wait until it has ended, let go of it, and say how it ended."""
        # wait4, because how much memory it held cannot be read any more when it has ended.
        _, status, usage = os.wait4(self.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self._ours.close()
        return Death(self._process.returncode, peak_of(usage))


def _pipe(reading: contextlib.ExitStack, writing: contextlib.ExitStack) -> tuple[io.FileIO, io.FileIO]:
    """Give both ends of a pipe, each to be closed with one of the two."""
    reader, writer = os.pipe()
    return reading.enter_context(io.FileIO(reader)), writing.enter_context(io.FileIO(writer, "w"))


def _handle(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None  # not Linux, or an old one


def _command(tasks: int, reports: int) -> list[str]:
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    path = [entry or os.getcwd() for entry in sys.path]
    return [sys.executable, *flags, "-c", _PROGRAM, str(tasks), str(reports), *path]
