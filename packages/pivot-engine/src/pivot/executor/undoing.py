"""What a stage does to its process is undone: other stages run in it afterwards.

Not undone is what it does to libraries (`pandas.set_option`, `numpy.seterr`) and to modules: see `executor.memory`.
"""

# The modules below the public ones: `signal.getsignal` takes 50 times as long, and `locale` may not be imported yet.
import _locale
import _signal  # type: ignore[import-not-found]
import os
import resource
import signal
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from pivot.registry.environment import environment, filters, set_environment, set_filters

_LIMITS = tuple(
    getattr(resource, f"RLIMIT_{name}")
    for name in ("AS", "CORE", "CPU", "DATA", "FSIZE", "NOFILE", "STACK")
    if hasattr(resource, f"RLIMIT_{name}")
)
_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
_SIGNALS = tuple(map(int, signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}))


class _Part(NamedTuple):
    """One thing that a process has one of."""

    look: Callable[[], Any]
    restore: Callable[[Any], object]


class Surroundings:
    """How this process is for every stage."""

    def __init__(self, *, alone: bool = False) -> None:
        """`alone`: nobody but stages, and what loads them, does anything in this process."""
        self.spoilt = False
        """Whether a stage did what cannot be undone: let no other stage run here."""
        self._alone = alone
        self._of_system: list[Any] | None = None
        """How the system sees this process, as it was when the last stage had ended."""

    def look_anew(self) -> None:
        """Take what the process is now for what it is to be: a pipeline may want it so."""
        self._of_system = None

    def of_a_stage(self, directory: str) -> "_OfAStage":
        """Run in a directory, and leave the process as it was."""
        return _OfAStage(self, directory)

    def look(self) -> list[Any]:
        """Take down how the process is."""
        of_system = self._of_system
        if of_system is None or not self._alone:
            of_system = self._of_system = [part.look() for part in _OF_SYSTEM]
        return [*of_system, *[part.look() for part in _OF_PYTHON]]

    def undo(self, before: list[Any]) -> None:
        """Make the process as it was."""
        for part, value in zip(_PARTS, before, strict=True):
            try:
                if part.look() != value:
                    part.restore(value)
            except (OSError, ValueError):
                self.spoilt = True


class _OfAStage:
    """The block in which a stage runs. Not made of a generator, which takes several calls more for each stage."""

    __slots__ = ("_before", "_directory", "_environ", "_surroundings")

    def __init__(self, surroundings: Surroundings, directory: str) -> None:
        self._surroundings, self._directory = surroundings, directory

    def __enter__(self) -> None:
        self._environ, self._before = os.environ, self._surroundings.look()
        os.chdir(self._directory)
        _forget_lines()

    def __exit__(self, *_: object) -> None:
        os.environ = self._environ  # noqa: B003 - a stage may have put another object there
        self._surroundings.undo(self._before)


def _forget_lines() -> None:
    """Forget the lines of files that another stage has read: they are kept by names that mean other files elsewhere.

    Names in angle brackets stay: what they stand for was never a file, and cannot be read again.
    """
    if (lines := sys.modules.get("linecache")) is not None:
        for name in [name for name in lines.cache if not name.startswith("<")]:
            del lines.cache[name]


def _directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        return os.sep  # it is gone


def _go_back(directory: str) -> None:
    os.chdir(directory if os.path.isdir(directory) else os.sep)


def _umask() -> int:
    now = os.umask(0o077)
    os.umask(now)
    return now


def _mask_again(mask: int) -> None:
    os.umask(mask)


def _limit_again(limits: tuple[tuple[int, int], ...]) -> None:
    for kind, limit in zip(_LIMITS, limits, strict=True):
        if resource.getrlimit(kind) != limit:
            resource.setrlimit(kind, limit)


def _handlers() -> list[Any]:
    return list(map(_signal.getsignal, _SIGNALS))


def _handle_again(handlers: list[Any]) -> None:
    for number, handler in zip(_SIGNALS, handlers, strict=True):
        if handler is not None and _signal.getsignal(number) is not handler:
            signal.signal(number, handler)


def _timers() -> tuple[tuple[float, float], ...]:
    return tuple(map(signal.getitimer, _TIMERS))


def _stop_timers(_: object) -> None:
    for timer in _TIMERS:
        signal.setitimer(timer, 0)


def _patience() -> float | None:
    sockets = sys.modules.get("_socket")
    return None if sockets is None else sockets.getdefaulttimeout()


def _be_patient(seconds: float | None) -> None:
    sys.modules["_socket"].setdefaulttimeout(seconds)


def _path_again(path: list[str]) -> None:
    sys.path[:] = path


def _finders_again(finders: list[Any]) -> None:
    sys.meta_path[:] = finders


def _refuse(_: object) -> None:
    raise PermissionError("nobody becomes again who he was")


_OF_SYSTEM = (
    _Part(_directory, _go_back),
    _Part(_umask, _mask_again),
    _Part(_timers, _stop_timers),
    _Part(partial(_signal.pthread_sigmask, signal.SIG_BLOCK, ()), partial(_signal.pthread_sigmask, signal.SIG_SETMASK)),
    _Part(lambda: tuple(map(resource.getrlimit, _LIMITS)), _limit_again),
    _Part(lambda: (os.getresuid(), os.getresgid()), _refuse),
    _Part(_handlers, _handle_again),
    _Part(partial(_locale.setlocale, _locale.LC_ALL), partial(_locale.setlocale, _locale.LC_ALL)),
)
"""What nobody but stages and pipelines changes: to look is a call of the system each, or one for each signal."""
_OF_PYTHON = (
    _Part(environment, set_environment),
    _Part(sys.getrecursionlimit, sys.setrecursionlimit),
    _Part(_patience, _be_patient),
    _Part(lambda: sys.path[:], _path_again),
    _Part(lambda: sys.meta_path[:], _finders_again),
    _Part(filters, set_filters),
)
_PARTS = _OF_SYSTEM + _OF_PYTHON
