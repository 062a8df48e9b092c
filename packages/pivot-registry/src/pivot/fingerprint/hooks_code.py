"""See which of the user's functions start, each once in a recording: the cost is per function, not per call."""

import inspect
import sys
import types
from collections.abc import Callable
from typing import Any

from pivot.fingerprint.callers import is_importing
from pivot.fingerprint.recording import Recordings
from pivot.fingerprint.territory import Territory

_FREE_TOOLS = (4, 3, 5, 1, 2, 0)
"""Tool numbers by how little they are used: the first two are nobody's."""


class Starts:
    """`sys.monitoring` of function starts; nothing before Python 3.12, or where others hold the tool numbers.

    _meet      is told of every function once in the life of the process, and picks out the user's
    _started   is told of those only, once in each recording

    One tool for both would have to be switched on anew for everything that runs (`restart_events`) with each
    recording. In a worker that costs more than all else that is done for a small stage.
    """

    def __init__(self, active: Callable[[], Recordings], monitoring: Any = None) -> None:
        self._active = active
        self._monitoring: Any = monitoring or getattr(sys, "monitoring", None)
        self._meeting: int | None = None
        self._starting: int | None = None
        self._territories: list[Territory] = []
        self._met: list[types.CodeType] = []
        self._seen: list[types.CodeType] = []
        """Functions that have started, and are not told of again before the next recording."""
        self.stay = False
        """Stay in place between recordings."""

    def install(self) -> None:
        """Take two free tool numbers and switch the events on."""
        if self._monitoring is None or self._meeting is not None:
            return
        free = [tool for tool in _FREE_TOOLS if self._monitoring.get_tool(tool) is None]
        if len(free) >= 2:
            self._meeting, self._starting = free[:2]
            starts = self._monitoring.events.PY_START
            for tool, told in ((self._meeting, self._meet), (self._starting, self._started)):
                self._monitoring.use_tool_id(tool, "pivot")
                self._monitoring.register_callback(tool, starts, told)
            self._monitoring.set_events(self._meeting, starts)

    def remove(self) -> None:
        """Switch the events off and give the numbers back."""
        if self._meeting is None or self.stay:
            return
        self._monitoring.set_events(self._meeting, 0)
        for code in self._met:
            self._monitoring.set_local_events(self._starting, code, 0)
        for tool in (self._meeting, self._starting):
            self._monitoring.register_callback(tool, self._monitoring.events.PY_START, None)
            self._monitoring.free_tool_id(tool)
        self._meeting = self._starting = None
        self._territories, self._met, self._seen = [], [], []

    def leave(self) -> None:
        """Stay no longer."""
        self.stay = False
        self.remove()

    def again(self, territory: Territory) -> None:
        """Let functions count that an earlier recording has seen."""
        if self._meeting is None:
            return
        seen, self._seen = self._seen, []
        watch, starts = self._monitoring.set_local_events, self._monitoring.events.PY_START
        for code in seen:
            watch(self._starting, code, 0)
            watch(self._starting, code, starts)
        if territory not in self._territories:
            self._territories.append(territory)
            self._monitoring.restart_events()  # what was nobody's may be this user's

    def _meet(self, code: types.CodeType, _: int) -> Any:
        optimized = code.co_flags & inspect.CO_OPTIMIZED  # not a module or the body of a class
        if optimized and any(territory.is_ours(code.co_filename) for territory in self._territories):
            self._met.append(code)
            if self._note(code):
                self._seen.append(code)
            else:
                self._monitoring.set_local_events(self._starting, code, self._monitoring.events.PY_START)
        return self._monitoring.DISABLE

    def _started(self, code: types.CodeType, _: int) -> Any:
        if self._note(code):
            self._seen.append(code)
            return self._monitoring.DISABLE
        return None

    def _note(self, code: types.CodeType) -> bool:
        concerned = [recording for recording in self._active() if recording.territory.is_ours(code.co_filename)]
        if not concerned or (concerned[0].may_import and is_importing(sys._getframe(2), concerned[0].floor)):
            return False  # what runs while a module defines itself is for its text to say; a later call still counts
        for recording in concerned:
            recording.starts(code)
        return True
