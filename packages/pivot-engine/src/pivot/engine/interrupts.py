"""Ctrl-C: first, nothing new starts and what runs may finish; again, it is killed. SIGTERM kills at once.

Ctrl-Z stops what runs, too: workers are in groups of their own, which the terminal does not stop.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType

from pivot.engine.runner import Runner


class Terminated(BaseException):
    """The process was asked to end at once; not an `Exception`, so that nothing on the way swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number


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


class Termination:
    """Whether the process was asked to end."""

    def __init__(self) -> None:
        self._number: int | None = None

    def on_signal(self, number: int, _frame: FrameType | None) -> None:
        """Raise `Terminated`."""
        self._number = number
        self.check()

    def check(self) -> None:
        """Raise it again, if what was running has swallowed it."""
        if self._number is not None:
            raise Terminated(self._number)


@contextlib.contextmanager
def terminable() -> Iterator[Termination]:
    """End by SIGTERM as by an exception while the block runs, so that what it has started is ended too."""
    termination = Termination()
    with _handling({signal.SIGTERM: termination.on_signal, signal.SIGHUP: termination.on_signal}):
        yield termination


@contextlib.contextmanager
def interruptible(tell: Callable[[], None], stop: Stop) -> Iterator[Interrupt]:
    """Handle Ctrl-C, Ctrl-Z and SIGTERM so while the block runs; outside the main thread Python does not let us."""
    interrupt = Interrupt(tell)
    ends = {signal.SIGTERM: _terminate, signal.SIGHUP: _terminate}
    with _handling({signal.SIGINT: interrupt.on_interrupt, signal.SIGTSTP: stop.on_stop, **ends}):
        yield interrupt


@contextlib.contextmanager
def _handling(handlers: Mapping[signal.Signals, Callable[[int, FrameType | None], None]]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
