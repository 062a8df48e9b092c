"""The main program of a worker process: take a task, run it, report, until there are no more."""

import atexit
import contextlib
import gc
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import ModuleType
from typing import NoReturn, Self

from pivot.executor.channel import Inbox, Packer, send
from pivot.executor.lifeline import tie_to
from pivot.executor.marks import RUN, show
from pivot.executor.task import CLOSED, Asks, Begins, Done, Ended, Failure, Hello, StageTask, Waits
from pivot.executor.turns import Tasks
from pivot.executor.worker import WarmExecution
from pivot.fingerprint.collection import collect_as_usual
from pivot.registry.types import PipelineName


def main(tasks: int, turns: int, reports: int) -> None:
    """Be a worker that reads tasks from one pipe, reports through another, and looks into a third whose turn it is."""
    for descriptor in (tasks, turns, reports):
        os.set_inheritable(descriptor, False)
    given = Tasks(Inbox(tasks), turns)
    hello = given.next()
    if hello is not None:
        _work(given.unpack(hello), given, _Pipes(given, reports))


def forked(descriptors: tuple[int, int, int], mask: Iterable[int]) -> NoReturn:
    """Be a worker in a process that has just been forked off, and nothing of what its parent was.

    `mask` are the signals to be blocked from when it has a group and handlers of its own.
    """
    try:
        gc.freeze()
        collect_as_usual()
        atexit._clear()
        _close_all_but({0, 1, 2, *descriptors})
        sys.modules["__main__"] = ModuleType("__main__")  # what multiprocessing would have its processes import
        os.setpgid(0, 0)
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        main(*descriptors)
        os._exit(0)
    except SystemExit:
        pass  # nobody to work for: nothing to tell
    except BaseException:  # noqa: BLE001 - it must not go on as its parent
        traceback.print_exc()
    finally:
        os._exit(1)


def _close_all_but(kept: Collection[int]) -> None:
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor not in kept:
            with contextlib.suppress(OSError):  # the one that has listed them
                os.close(descriptor)


def _work(hello: Hello, tasks: Tasks, pipes: "_Pipes") -> None:
    _settle(hello)
    execution = WarmExecution(hello.options, pipes.say, pipes.ask, pipes.kept, hello.invented)
    while (message := tasks.next()) is not None:
        report = _guarded(execution, tasks, message)
        leaves = execution.spoilt or isinstance(report, Failure)
        failed = isinstance(report, Failure) or report.failure is not None  # then it is not for the worker to go on
        pipes.say(Ended(report, not (failed or leaves) and tasks.claim(), leaves))
        if leaves:
            break
    execution.close()
    _leave()


class _Pipes:
    """What is between this worker and its coordinator."""

    def __init__(self, tasks: Tasks, reports: int) -> None:
        self._tasks = tasks
        self._reports = reports
        self._pack = Packer()
        self._process = os.getpid()
        self._identities = self._look()

    def say(self, message: Ended | Waits | Begins | Asks) -> None:
        """Send a message."""
        send(self._reports, self._pack(message))

    def ask(self, _pipeline: PipelineName, names: Sequence[str]) -> Mapping[str, str]:
        """Ask what code is now."""
        self.say(Asks(tuple(names)))
        told: Mapping[str, str] | None = self._tasks.answer()
        if told is None:
            raise SystemExit(1)  # nobody to answer: nobody to work for
        return told

    def kept(self, task: StageTask) -> Self:
        """Give the block in which a stage runs, which may neither close the pipes nor come back twice."""
        if task.timeout is not None:
            self.say(Begins(task.stage.ref))
        return self

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, *_: object) -> None:
        if os.getpid() != self._process:
            os._exit(kind is not None)  # a child that the stage forked, and did not end
        if self._look() != self._identities:
            os._exit(CLOSED)

    def _look(self) -> list[tuple[int, int]] | None:
        try:
            found = [os.fstat(descriptor) for descriptor in (*self._tasks.descriptors, self._reports)]
        except OSError:
            return None
        return [(one.st_dev, one.st_ino) for one in found]


def _leave() -> NoReturn:
    """End as a program does, but neither wait for threads nor take everything apart: with pandas that takes 0.1 s."""
    # Before the others, as in a program. Here pools of processes are ended (loky's, and so those of joblib and
    # scikit-learn); else multiprocessing would wait for them. For pools of threads nobody waits.
    getattr(sys.modules.get("concurrent.futures.thread"), "_threads_queues", {}).clear()
    for act in reversed(getattr(threading, "_threading_atexits", ())):
        with contextlib.suppress(Exception):
            act()
    atexit._run_exitfuncs()
    for stream in filter(None, (sys.stdout, sys.stderr)):  # there is none where it was closed
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(0)


def _settle(hello: Hello) -> None:
    """Make this process one that belongs to a coordinator."""
    if hello.given is not None:
        sys.path[:] = hello.given.path
        os.environ.clear()
        os.environ.update(hello.given.environ)
        time.tzset()
        show(RUN)
    # Ctrl-C is not for workers; what it means is for the coordinator to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tie_to(hello.coordinator)
    os.dup2(2, 1)  # stdout is data of the command; what threads print when their stage is over is not
    sys.argv[:] = hello.argv


def _guarded(execution: WarmExecution, tasks: Tasks, message: bytes) -> Done | Failure:
    """Run a stage. What cannot even be tried, because it cannot be unpacked say, fails it."""
    try:
        return execution.run(*tasks.unpack(message))
    except Exception as error:  # noqa: BLE001 - unpacking calls what users wrote
        return Failure(f"its worker could not run it: {type(error).__name__}: {error}", traceback.format_exc())
