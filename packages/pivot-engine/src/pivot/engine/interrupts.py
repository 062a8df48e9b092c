"""Ctrl-C: first, nothing new starts and what runs may finish; again, it is killed. SIGTERM kills at once.

Ctrl-Z stops what runs, too: workers are in groups of their own, which the terminal does not stop.
"""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType

from pivot.engine.runner import Runner
from pivot.registry.endings import Terminated, handling


class Interrupt:
    """Whether the user has asked to stop."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self.asked = False
        self._tell = tell

    def on_interrupt(self, _number: int, _frame: FrameType | None) -> None:
        """Remember the first time, raise the second."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self._tell()


class Stop:
    """Stops what runs, and then this process; lets it go on when this process does."""

    def __init__(self, runner: Callable[[], Runner | None]) -> None:
        self._runner = runner

    def on_stop(self, number: int, _frame: FrameType | None) -> None:
        """Stop, and return when this process was told to go on."""
        runner = self._runner()
        if runner is not None:
            runner.hold()
        before = signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, before)
        if runner is not None:
            runner.go_on()


def _terminate(number: int, _frame: FrameType | None) -> None:
    raise Terminated(number)


@contextlib.contextmanager
def interruptible(tell: Callable[[], None], stop: Stop) -> Iterator[Interrupt]:
    """Handle Ctrl-C, Ctrl-Z and SIGTERM so while the block runs."""
    interrupt = Interrupt(tell)
    ends = {signal.SIGTERM: _terminate, signal.SIGHUP: _terminate}
    with handling({signal.SIGINT: interrupt.on_interrupt, signal.SIGTSTP: stop.on_stop, **ends}):
        yield interrupt
