"""Send what a stage prints to its log, at the level of file descriptors: C extensions and child processes included.

A file rather than a pipe: a stage that prints much never waits for us, and nothing is lost when it is killed.
"""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def captured(log: Path) -> Iterator[None]:
    """Let everything that is printed meanwhile go to `log`. A log that stays empty is removed."""
    log.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o666)
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
        if not os.fstat(descriptor).st_size:
            log.unlink(missing_ok=True)
        os.close(descriptor)


def _text(descriptor: int) -> io.TextIOWrapper:
    return open(descriptor, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1)


def _flush(*streams: io.TextIOBase | object) -> None:
    for stream in streams:
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()  # type: ignore[union-attr]
