"""Send what a stage prints to its log, at the level of file descriptors: C extensions and child processes included.

A file rather than a pipe: a stage that prints much never waits for us, and nothing is lost when it is killed.
"""

import contextlib
import faulthandler
import io
import os
import signal
import sys
from collections.abc import Iterable, Iterator

from pivot.registry.writing import opened


class Logs:
    """The logs that one process writes, one after the other.

    Most stages print nothing, and making a file costs more than all else that is done for a small stage. So a log
    that stayed empty is not removed, but becomes that of the next stage.
    """

    def __init__(self) -> None:
        self._last: tuple[int, str] | None = None

    @contextlib.contextmanager
    def captured(self, log: str) -> Iterator[None]:
        """Add everything that is printed meanwhile to the file `log`; if nothing is printed, there is none."""
        descriptor = self._taken_over(log)
        if descriptor is None:
            descriptor = opened(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._last = descriptor, log
        kept = [(number, os.dup(number)) for number in (1, 2)]
        streams = sys.stdout, sys.stderr
        try:
            _redirect(streams, descriptor)
            with _text(descriptor) as out:
                sys.stdout = sys.stderr = out
                yield
        finally:
            sys.stdout, sys.stderr = streams
            faulthandler.unregister(signal.SIGTERM)
            for number, copy in kept:
                os.dup2(copy, number)
                os.close(copy)

    def close(self) -> None:
        """Let go of the last log; remove it if nothing was written to it."""
        if self._last is not None:
            descriptor, path = self._last
            self._last = None
            empty = os.fstat(descriptor).st_size == 0
            os.close(descriptor)
            if empty:
                with contextlib.suppress(OSError):
                    os.unlink(path)

    def _taken_over(self, log: str) -> int | None:
        """Make of the last log this one. Whether it is empty is seen now: what a stage left behind may still write."""
        if self._last is not None:
            descriptor, path = self._last
            if os.fstat(descriptor).st_size == 0 and not os.access(log, os.F_OK) and _renamed(path, log):
                return descriptor
            self.close()
        return None


def _renamed(path: str, log: str) -> bool:
    try:
        os.rename(path, log)
    except OSError:
        return False
    return True


def _redirect(streams: Iterable[object], descriptor: int) -> None:
    for stream in streams:
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()  # type: ignore[attr-defined]
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    # A stage that is ended by SIGTERM, because it takes too long say, writes down first where it was. By faulthandler:
    # Python's own handlers wait for C code to return.
    faulthandler.register(signal.SIGTERM, file=descriptor, all_threads=False, chain=True)


def _text(descriptor: int) -> io.TextIOWrapper:
    return open(descriptor, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1)
