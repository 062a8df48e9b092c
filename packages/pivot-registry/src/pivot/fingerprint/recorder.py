"""Record what running code really uses: files, directories, environment variables, functions, child processes.

recorder
  Recorder.recording     one stretch of code: installs what it needs, takes away what can be taken away
    _Audit               files, listings, child processes: `sys.addaudithook`, once per process
    _Probes              questions about paths: `os.stat`, `os.lstat`, `os.access`
    _Environ             variables: the methods of `os._Environ`
    _Imports             modules by computed names: `importlib.import_module`, and finders that find nothing
    _Starts              functions that start: `sys.monitoring` (3.12 and later)
"""

import atexit
import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from pivot.fingerprint.callers import Floor
from pivot.fingerprint.code_names import LoadedModules
from pivot.fingerprint.hooks_code import Starts
from pivot.fingerprint.hooks_environ import EnvironHooks, Plain
from pivot.fingerprint.hooks_files import AuditHook, ProbeHooks
from pivot.fingerprint.hooks_imports import ImportHooks
from pivot.fingerprint.observed import ImportFact as ImportFact
from pivot.fingerprint.recording import Recording, Recordings
from pivot.fingerprint.territory import Territory


class _Hook(Protocol):
    def install(self) -> None: ...

    def remove(self) -> None: ...


class Active:
    """The recordings that are on, as hooks see them from any thread."""

    def __init__(self) -> None:
        self._recordings: Recordings = ()
        self._muted: set[int] = set()
        """Threads of which nothing counts."""

    def now(self) -> Recordings:
        """Give those for which counts what this thread does."""
        # Hooks ask a dozen times in the smallest stage, and nearly always no thread at all is muted.
        return () if self._muted and threading.get_ident() in self._muted else self._recordings

    def add(self, recording: Recording) -> bool:
        """Switch one on; tell whether it is the first."""
        self._recordings = (*self._recordings, recording)
        return len(self._recordings) == 1

    def discard(self, recording: Recording) -> bool:
        """Switch one off; tell whether it was the last."""
        self._recordings = tuple(other for other in self._recordings if other is not recording)
        return not self._recordings

    def muted(self) -> contextlib.AbstractContextManager[None]:
        """Let nothing that this thread does count."""
        return _Muted(self._muted)


class _Muted:
    """Not made of a generator, nor is `_Recorded`: that takes five times as long, and they are made in every stage."""

    __slots__ = ("_muted", "_thread", "_within")

    def __init__(self, muted: set[int]) -> None:
        self._muted = muted

    def __enter__(self) -> None:
        self._thread = threading.get_ident()
        self._within = self._thread in self._muted
        self._muted.add(self._thread)

    def __exit__(self, *_: object) -> None:
        if not self._within:
            self._muted.discard(self._thread)


class Recorder:
    """Record what this process uses, on request. There is one per process: ask `recorder()`."""

    def __init__(self) -> None:
        self._active = Active()
        self._lock = threading.RLock()
        self._territories: dict[Path, Territory] = {}
        self._modules = LoadedModules()
        active = self._active.now
        self._starts = Starts(active)
        self._variables = EnvironHooks(active)
        self._events = AuditHook(active)
        self._hooks: tuple[_Hook, ...] = (
            self._events,
            ProbeHooks(active),
            self._variables,
            ImportHooks(active),
            self._starts,
        )

    def recording(self, project: Path, floor: Floor | None = None) -> contextlib.AbstractContextManager[Recording]:
        """Record everything the process does until the block ends, in all threads; several may be on at once.

        With a floor, nothing of the user's is below it.
        """
        recording = Recording(self._territory(project), self._modules, floor)
        return _Recorded(recording, self._switch_on, self._switch_off)

    def stay(self) -> None:
        """Leave in place, between recordings, what is costly to put there: for processes that only run stages."""
        self._starts.stay = self._variables.stay = True
        atexit.register(self._starts.leave)  # nobody may be told of what starts while modules are taken apart

    def overlook(self, names: Iterable[str]) -> None:
        """Take variables for not set, whatever they are: those that who runs the code has put there himself."""
        self._variables.plain = Plain(frozenset(map(os.fsencode, names)))

    def redefinitions(self) -> int:
        """Count how often a function was given other defaults since the first recording, also between recordings."""
        return self._events.redefinitions

    def unrecorded(self) -> contextlib.AbstractContextManager[None]:
        """Leave out what this thread does until the block ends: the work of pivot itself."""
        return self._active.muted()

    def _territory(self, project: Path) -> Territory:
        territory = self._territories.get(project)
        if territory is None:
            territory = self._territories[project] = Territory(project)
        return territory

    def _switch_on(self, recording: Recording) -> None:
        with self._lock:
            if self._active.add(recording):
                for hook in self._hooks:
                    hook.install()
            self._starts.again(recording.territory)

    def _switch_off(self, recording: Recording) -> None:
        with self._lock:
            if self._active.discard(recording):
                for hook in reversed(self._hooks):
                    hook.remove()


class _Recorded:
    """The block that is recorded."""

    __slots__ = ("_begin", "_end", "_recording")

    def __init__(
        self, recording: Recording, begin: Callable[[Recording], None], end: Callable[[Recording], None]
    ) -> None:
        self._recording, self._begin, self._end = recording, begin, end

    def __enter__(self) -> Recording:
        self._begin(self._recording)
        return self._recording

    def __exit__(self, *_: object) -> None:
        self._end(self._recording)


# Made once because the process has one audit hook that nothing can take away again, one `os`, one `sys.monitoring`.
@functools.cache
def recorder() -> Recorder:
    """Give the recorder of this process."""
    return Recorder()
