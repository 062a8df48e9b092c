"""Ctrl-C: first, nothing new starts and what runs may finish; again, it is killed. SIGTERM kills at once."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


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


def _terminate(number: int, _frame: FrameType | None) -> None:
    raise Terminated(number)


@contextlib.contextmanager
def interruptible(tell: Callable[[], None]) -> Iterator[Interrupt]:
    """Handle Ctrl-C and SIGTERM so while the block runs; outside the main thread Python does not let us."""
    interrupt = Interrupt(tell)
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    handlers = {signal.SIGINT: interrupt.on_interrupt, signal.SIGTERM: _terminate, signal.SIGHUP: _terminate}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
