"""Children that may die, hang or raise without taking the test with them."""

import os
import pickle
import signal
import traceback
from collections.abc import Callable
from typing import NamedTuple, TypeVar

Given = TypeVar("Given")

DEADLINE = 60
"""Seconds after which a child counts as hanging."""


class ChildFailedError(AssertionError):
    """A child did not end as it should; says how it ended."""


class Child(NamedTuple):
    """A forked process, and the pipe on which it tells what it did."""

    pid: int
    pipe: int


def fork(work: Callable[[], object], deadline: int = DEADLINE) -> Child:
    """Run something in a child, which then waits for nothing and cleans up nothing."""
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(told)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(deadline)
        try:
            answer = True, work()
        except BaseException:  # noqa: BLE001 - the parent raises it
            answer = False, traceback.format_exc()
        try:
            with open(tell, "wb") as file:
                pickle.dump(answer, file)
        finally:
            os.kill(os.getpid(), signal.SIGKILL)  # no exit handlers: they are those of the test runner
    os.close(tell)
    return Child(pid, told)


def result(child: Child) -> object:
    """Wait for what a child gives; raise `ChildFailedError` for an exception, a signal or a hang."""
    with open(child.pipe, "rb") as file:
        data = file.read()
    _, status = os.waitpid(child.pid, 0)
    if not data:
        raise ChildFailedError(f"died of {_signal(status)}")
    good, said = pickle.loads(data)
    if not good:
        raise ChildFailedError(f"raised\n{said}")
    return said


def kill(child: Child) -> None:
    """Kill a child that is at work; raise `ChildFailedError` if it had failed by itself."""
    os.kill(child.pid, signal.SIGKILL)
    with open(child.pipe, "rb") as file:
        said = file.read()
    _, status = os.waitpid(child.pid, 0)
    if said:
        raise ChildFailedError(f"ended by itself\n{pickle.loads(said)[1]}")
    if os.WTERMSIG(status) != signal.SIGKILL:
        raise ChildFailedError(f"died of {_signal(status)}")


def in_child(work: Callable[[], Given], deadline: int = DEADLINE) -> Given:
    """Give what `work` gives in a child."""
    return result(fork(work, deadline))  # type: ignore[return-value]


def quick_folder() -> str | None:
    """Give a folder in which nobody waits for a disk, if there is one; where that is not what is tested."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None


def _signal(status: int) -> str:
    number = os.WTERMSIG(status)
    return "a hang" if number == signal.SIGALRM else f"signal {signal.Signals(number).name}"
