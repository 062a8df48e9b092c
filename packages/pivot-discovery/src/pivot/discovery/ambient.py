"""What of a process the user's code finds and may change: variables, warning filters, and the rest."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pivot.registry.environment import environment, filters, set_environment, set_filters


class Ambient(NamedTuple):
    """What code that runs later may rely on when code that ran before has set it."""

    environ: Mapping[bytes, bytes]
    filters: tuple[Any, ...]
    """`warnings.filters`."""

    @classmethod
    def now(cls) -> "Ambient":
        """Take down how the process is."""
        return cls(environment(), filters())

    def impose(self) -> None:
        """Make the process so."""
        set_environment(self.environ)
        set_filters(self.filters)


class Change(NamedTuple):
    """What loading a pipeline has made of its surroundings; to be made again wherever its code runs."""

    set: Mapping[bytes, bytes] = {}
    unset: frozenset[bytes] = frozenset()
    filters: tuple[Any, ...] | None = None

    @classmethod
    def between(cls, before: Ambient, after: Ambient) -> "Change":
        """Compare what was with what is."""
        return cls(
            {name: value for name, value in after.environ.items() if before.environ.get(name) != value},
            frozenset(before.environ.keys() - after.environ.keys()),
            None if after.filters == before.filters else after.filters,
        )

    def applied(self, to: Ambient) -> Ambient:
        """Give the surroundings with the change made."""
        kept = {name: value for name, value in to.environ.items() if name not in self.unset}
        return Ambient({**kept, **self.set}, to.filters if self.filters is None else self.filters)


@contextlib.contextmanager
def undisturbed(directory: Path) -> Iterator[None]:
    """Run definitions in `directory`; what they do to the process is undone, what they print goes to stderr."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(_same_directory(directory))
        stack.enter_context(_same_signals())
        stack.enter_context(_printing_to_stderr())
        stack.enter_context(_same_umask())
        yield


@contextlib.contextmanager
def _same_directory(directory: Path) -> Iterator[None]:
    try:
        before = os.getcwd()
    except OSError:
        before = os.sep  # it is gone; there is no way back to it
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before if os.path.isdir(before) else os.sep)


@contextlib.contextmanager
def _same_signals() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # no other thread can change them
        return
    before = {number: signal.getsignal(number) for number in signal.valid_signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)


@contextlib.contextmanager
def _printing_to_stderr() -> Iterator[None]:
    """Child processes and C code print to the descriptor, so both it and `sys.stdout` are turned."""
    real = sys.stdout
    with contextlib.suppress(OSError, ValueError, AttributeError):
        real.flush()
    saved = _turned()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        sys.stdout = real
        if saved is not None:
            os.dup2(saved, 1)
            os.close(saved)


def _turned() -> int | None:
    try:
        saved = os.dup(1)
    except OSError:
        return None  # closed by whoever started us
    try:
        os.dup2(2, 1)
    except OSError:
        os.close(saved)
        return None
    return saved


@contextlib.contextmanager
def _same_umask() -> Iterator[None]:
    before = os.umask(0o077)
    os.umask(before)
    try:
        yield
    finally:
        os.umask(before)
