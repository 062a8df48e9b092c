"""Workers that are there before they are needed."""

import contextlib
import os
import signal
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pivot.executor.marks import can_be_shown

if TYPE_CHECKING:
    from pivot.engine.processes import Process
    from pivot.engine.runner import Runner, Tell
    from pivot.executor.observed import Identify
    from pivot.executor.task import TaskOptions

_MOST = 8
"""Each takes a few milliseconds, whether there will be work for it or not."""


class Reserve:
    """Processes that one command has forked off to be its workers, while nothing of the user's was loaded.

    What they need of pivot is imported by then, so they are ready after a tenth of the time that a program takes. After
    code of the user's was loaded it would be too late: libraries have started threads, which a fork does not copy;
    files and connections would be shared, and every worker would draw the same random numbers.

    call_up     fork, once
    runner      give a run its workers: these, then others
    close       end those that were not needed
    """

    def __init__(self) -> None:
        self._called = False
        self._waiting: deque[Process] = deque()

    def call_up(self, jobs: int) -> None:
        """Have workers for so many stages at once, but for the greatest numbers; none where forking is not safe."""
        if self._called:
            return
        self._called = True
        from pivot.engine.processes import fork

        with contextlib.suppress(OSError):
            while len(self._waiting) < min(jobs, _MOST) and _may_fork():
                self._waiting.append(fork())

    def runner(self, options: "TaskOptions", jobs: int, tell: "Tell", identify: "Identify") -> "Runner":
        """Give a run its workers. Those beyond `jobs` are ended: there will be no work for them."""
        from pivot.engine.pool import PoolRunner

        self._end(beyond=jobs)
        return PoolRunner(options, jobs, tell, identify, start=self._process)

    def close(self) -> None:
        """End those that wait."""
        self._end(beyond=0)

    def _process(self, environ: Mapping[str, str]) -> "Process":
        from pivot.engine.processes import start

        while self._waiting:
            process = self._waiting.popleft()
            if not process.has_ended():
                return process
            _end(process)
        return start(environ)

    def _end(self, *, beyond: int) -> None:
        while len(self._waiting) > beyond:
            _end(self._waiting.pop())


def _end(process: "Process") -> None:
    process.ours.close()
    os.kill(process.pid, signal.SIGKILL)
    os.waitpid(process.pid, 0)


def _may_fork() -> bool:
    """Tell whether this process has one thread, and its copy can be found like a worker that was started."""
    try:
        return len(os.listdir("/proc/self/task")) == 1 and can_be_shown()
    except OSError:
        return False  # not Linux
