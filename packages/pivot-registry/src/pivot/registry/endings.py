"""Signals that ask a process to end, as exceptions: what it has begun is ended too, and it can say what happened."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType

ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that ask a process to end."""


class Terminated(KeyboardInterrupt):
    """The process was asked to end at once, by SIGTERM or SIGHUP. Whoever lets Ctrl-C pass lets this pass."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number


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
    """End by SIGTERM and SIGHUP as by an exception while the block runs."""
    termination = Termination()
    with handling({signal.SIGTERM: termination.on_signal, signal.SIGHUP: termination.on_signal}):
        yield termination


@contextlib.contextmanager
def handling(handlers: Mapping[signal.Signals, Callable[[int, FrameType | None], None]]) -> Iterator[None]:
    """Handle signals so while the block runs; outside the main thread Python does not let us.

    What is ignored stays ignored: that is how `nohup`, and a shell that starts something in the background, ask for it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [number for number in handlers if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, handlers[number]) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Let the signals that ask a process to end wait until the block has ended: it must not take long."""
    # Not blocked (pthread_sigmask): another thread of the process would be sent them instead.
    heard: list[int] = []
    try:
        with handling(dict.fromkeys(ASKING, lambda number, _frame: heard.append(number))):
            yield
    finally:
        for number in heard[:1]:
            signal.raise_signal(number)
