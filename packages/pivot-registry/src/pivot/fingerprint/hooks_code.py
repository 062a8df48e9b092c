"""See which of the user's functions start, each once: the cost is per function, not per call."""

import inspect
import sys
import types
from collections.abc import Callable
from typing import Any

from pivot.fingerprint.callers import is_importing
from pivot.fingerprint.recording import Recording

_FREE_TOOLS = (4, 3, 5, 1, 2, 0)
"""Tool numbers by how little they are used: the first two are nobody's."""


class Starts:
    """`sys.monitoring` of function starts; nothing before Python 3.12, or where others hold every tool number."""

    def __init__(self, active: Callable[[], tuple[Recording, ...]], monitoring: Any = None) -> None:
        self._active = active
        self._monitoring: Any = monitoring or getattr(sys, "monitoring", None)
        self._tool: int | None = None

    def install(self) -> None:
        """Take a free tool number and switch the event on."""
        if self._monitoring is None:
            return
        free = [tool for tool in _FREE_TOOLS if self._monitoring.get_tool(tool) is None]
        if free:
            self._tool = free[0]
            starts = self._monitoring.events.PY_START
            self._monitoring.use_tool_id(self._tool, "pivot")
            self._monitoring.register_callback(self._tool, starts, self._started)
            self._monitoring.set_events(self._tool, starts)

    def remove(self) -> None:
        """Switch the event off and give the number back."""
        if self._tool is not None:
            self._monitoring.set_events(self._tool, 0)
            self._monitoring.register_callback(self._tool, self._monitoring.events.PY_START, None)
            self._monitoring.free_tool_id(self._tool)
            self._tool = None

    def again(self) -> None:
        """Let functions count that an earlier recording has seen."""
        if self._tool is not None:
            self._monitoring.restart_events()

    def _started(self, code: types.CodeType, _: int) -> Any:
        concerned = [recording for recording in self._active() if recording.territory.is_ours(code.co_filename)]
        if concerned and code.co_flags & inspect.CO_OPTIMIZED:  # not a module or the body of a class
            if is_importing(sys._getframe(1)):
                return None  # what runs while a module defines itself is for its text to say; a later call still counts
            for recording in concerned:
                recording.starts(code)
        return self._monitoring.DISABLE
