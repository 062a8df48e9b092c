"""The main program of a worker process: take a task, run it, report, until there are no more.

Started as a program of its own, not forked: the store's index may not be used on both sides of a fork, and neither
may many libraries that have started threads.
"""

import os
import pickle
import signal
import sys
import traceback
from functools import partial

from pivot.executor.channel import Inbox, send
from pivot.executor.lifeline import tie_to
from pivot.executor.task import Begins, Done, Failure, Hello, Waits
from pivot.executor.worker import WarmExecution


def main(tasks: int, reports: int) -> None:
    """Be a worker that reads tasks from one pipe and reports through the other."""
    for descriptor in (tasks, reports):
        os.set_inheritable(descriptor, False)
    inbox = Inbox(tasks)
    hello = inbox.next()
    if hello is not None:
        _work(pickle.loads(hello), inbox, reports)  # noqa: S301  (ours: from the coordinator that started this process)


def _work(hello: Hello, inbox: Inbox, reports: int) -> None:
    _settle(hello)
    say = partial(_say, reports)
    execution = WarmExecution(hello.options, lambda ref, owner: say(Waits(ref, owner)), lambda ref: say(Begins(ref)))
    while (task := inbox.next()) is not None:
        say(_guarded(execution, task))
    execution.close()


def _settle(hello: Hello) -> None:
    """Make this process one that belongs to a coordinator."""
    # Ctrl-C is not for workers; what it means is for the coordinator to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tie_to(hello.coordinator)
    os.dup2(2, 1)  # stdout is data of the command; what threads print when their stage is over is not
    sys.argv[:] = hello.argv


def _guarded(execution: WarmExecution, task: bytes) -> Done | Failure:
    """Run a stage. What cannot even be tried, because it cannot be unpacked say, fails it."""
    try:
        return execution.run(task)
    except Exception as error:  # noqa: BLE001 - unpacking calls what users wrote
        return Failure(f"its worker could not run it: {type(error).__name__}: {error}", traceback.format_exc())


def _say(reports: int, message: Done | Failure | Waits | Begins) -> None:
    send(reports, pickle.dumps(message, pickle.HIGHEST_PROTOCOL))
