"""Send what a stage prints to its log, at the level of file descriptors: C extensions and child processes included.

A file rather than a pipe: a stage that prints much never waits for us, and nothing is lost when it is killed.
"""

import contextlib
import faulthandler
import io
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator

from pivot.executor.stdio import lines_at_once
from pivot.registry.writing import opened


class Logs:
    """The logs that one process writes, one after the other.

    Most stages print nothing, and making a file costs more than all else that is done for a small stage. So a log
    that stayed empty is not removed, but becomes that of the next stage.

    There is one stream for all of them, at one descriptor: who keeps it, as handlers of `logging` do that one stage has
    set up, writes to the log of the stage that runs.
    """

    def __init__(self) -> None:
        self._path: str | None = None
        self._descriptor = -1
        self._stream: io.TextIOWrapper | None = None
        self._buffer: _Lasting | None = None
        self._flush_c: Callable[[], object] | None = None

    @contextlib.contextmanager
    def captured(self, log: str) -> Iterator[None]:
        """Add everything that is printed meanwhile to the file `log`; if nothing is printed, there is none."""
        self._go_to(log)
        kept = [(number, os.dup(number)) for number in (1, 2)]
        streams = sys.stdout, sys.stderr
        try:
            _redirect(streams, self._descriptor)
            sys.stdout = sys.stderr = self._usable_stream()
            try:
                yield
            finally:
                self._flush()
        finally:
            sys.stdout, sys.stderr = streams
            faulthandler.unregister(signal.SIGTERM)
            for number, copy in kept:
                os.dup2(copy, number)
                os.close(copy)

    def close(self) -> None:
        """Let go of the last log; remove it if nothing was written to it."""
        self._end_stream()
        self._leave()
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = -1

    def _go_to(self, log: str) -> None:
        """Make of the last log this one, if it is empty. That is seen now: what a stage left behind may still write."""
        if self._path is not None and self._is_empty() and not os.access(log, os.F_OK) and _renamed(self._path, log):
            self._path = log
            return
        self._leave()
        descriptor = opened(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        if self._descriptor < 0:
            self._descriptor = descriptor
        elif descriptor != self._descriptor:
            os.dup2(descriptor, self._descriptor, inheritable=False)
            os.close(descriptor)
        self._path = log

    def _leave(self) -> None:
        if self._path is not None and self._is_empty():
            with contextlib.suppress(OSError):
                os.unlink(self._path)
        self._path = None

    def _is_empty(self) -> bool:
        try:
            return os.fstat(self._descriptor).st_size == 0
        except OSError:
            return False  # a stage has closed it

    def _usable_stream(self) -> io.TextIOWrapper:
        """Give the stream, as it was made; another one if a stage has taken it apart."""
        if self._flush_c is None:
            self._flush_c = lines_at_once()
        with contextlib.suppress(ValueError):  # a stage has detached it
            if self._stream is not None and not self._stream.closed:
                if (self._stream.encoding, self._stream.errors) != (_ENCODING, _ERRORS):
                    self._stream.reconfigure(encoding=_ENCODING, errors=_ERRORS)
                return self._stream
        self._end_stream()
        self._buffer = _Lasting(io.FileIO(self._descriptor, "w", closefd=False))
        self._stream = io.TextIOWrapper(self._buffer, encoding=_ENCODING, errors=_ERRORS, line_buffering=True)
        return self._stream

    def _end_stream(self) -> None:
        if self._buffer is not None:
            with contextlib.suppress(OSError, ValueError):
                self._buffer.end()

    def _flush(self) -> None:
        assert self._flush_c is not None
        self._flush_c()
        assert self._stream is not None
        if (sys.stdout, sys.stderr) != (self._stream, self._stream):
            _write_out((sys.stdout, sys.stderr))
        try:
            self._stream.flush()
        except ValueError:
            pass  # the stage has detached it
        except OSError:
            self._end_stream()  # what could not be written is not for another log
            raise


def _renamed(path: str, log: str) -> bool:
    try:
        os.rename(path, log)
    except OSError:
        return False
    return True


def _write_out(streams: Iterable[object]) -> None:
    for stream in streams:
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()  # type: ignore[attr-defined]


def _redirect(streams: Iterable[object], descriptor: int) -> None:
    _write_out(streams)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    # A stage that is ended by SIGTERM, because it takes too long say, writes down first where it was. By faulthandler:
    # Python's own handlers wait for C code to return.
    faulthandler.register(signal.SIGTERM, file=descriptor, all_threads=False, chain=True)


_ENCODING, _ERRORS = "utf-8", "backslashreplace"


class _Lasting(io.BufferedWriter):
    """Stays open: who wraps it (`io.TextIOWrapper(sys.stdout.buffer)`) closes it when the wrapper is collected."""

    def close(self) -> None:
        """Write out what there is."""
        self.flush()

    def end(self) -> None:
        """Close it."""
        super().close()
