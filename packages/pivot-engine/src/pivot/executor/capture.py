"""Send what a stage prints to its log, at the level of file descriptors: C extensions and child processes included.

A file rather than a pipe: a stage that prints much never waits for us, and nothing is lost when it is killed.
"""

import contextlib
import faulthandler
import io
import os
import signal
import sys
from collections.abc import Iterator

from pivot.registry.writing import opened


class Logs:
    """The logs that one process writes, one after the other.

    Most stages print nothing, and making a file costs more than all else that is done for a small stage. So a log
    that stayed empty is not removed, but becomes that of the next stage.
    """

    def __init__(self) -> None:
        self._empty: tuple[int, str] | None = None

    @contextlib.contextmanager
    def captured(self, log: str) -> Iterator[None]:
        """Add everything that is printed meanwhile to the file `log`; if nothing is printed, there is none."""
        descriptor = self._take_over(log)
        if descriptor is None:
            descriptor = opened(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            with _redirected(descriptor), _telling_where(descriptor):
                yield
        finally:
            if os.fstat(descriptor).st_size:
                os.close(descriptor)
            else:
                self._empty = descriptor, log

    def close(self) -> None:
        """Remove the log that nothing was written to."""
        if self._empty is not None:
            descriptor, path = self._empty
            self._empty = None
            os.close(descriptor)
            with contextlib.suppress(OSError):
                os.unlink(path)

    def _take_over(self, log: str) -> int | None:
        if self._empty is None:
            return None
        descriptor, path = self._empty
        # Somebody may have written to it since: a process that an earlier stage left behind.
        if os.fstat(descriptor).st_size == 0 and not os.path.lexists(log):
            with contextlib.suppress(OSError):
                os.rename(path, log)
                self._empty = None
                return descriptor
        self.close()
        return None


@contextlib.contextmanager
def _telling_where(descriptor: int) -> Iterator[None]:
    """Let a stage that is ended by SIGTERM, because it takes too long say, write down first where it was.

    By faulthandler: Python's own handlers wait for C code to return.
    """
    faulthandler.register(signal.SIGTERM, file=descriptor, all_threads=False, chain=True)
    try:
        yield
    finally:
        faulthandler.unregister(signal.SIGTERM)


@contextlib.contextmanager
def _redirected(descriptor: int) -> Iterator[None]:
    kept = [(number, os.dup(number)) for number in (1, 2)]
    streams = sys.stdout, sys.stderr
    try:
        _flush(*streams)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        with _text(descriptor) as out:
            sys.stdout = sys.stderr = out
            yield
    finally:
        sys.stdout, sys.stderr = streams
        for number, copy in kept:
            os.dup2(copy, number)
            os.close(copy)


def _text(descriptor: int) -> io.TextIOWrapper:
    return open(descriptor, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1)


def _flush(*streams: io.TextIOBase | object) -> None:
    for stream in streams:
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()  # type: ignore[union-attr]
