"""Whose file is it: which paths count as the project's, and which code as the user's."""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from pivot.fingerprint.standard import STDLIB

_INSTALLED = ("/site-packages/", "/dist-packages/")
_KEPT_BY_TOOLS = ("/__pycache__/", "/.pivot/", *_INSTALLED)
_SYSTEM = ("/bin/", "/dev/", "/etc/", "/lib/", "/lib64/", "/opt/", "/proc/", "/run/", "/sys/", "/usr/", "/var/")


class Territory:
    """Tell paths of the project from others, and the user's code from libraries', the interpreter's and pivot's."""

    def __init__(self, project: Path, interpreter: Iterable[str] | None = None) -> None:
        """`interpreter` are the directories of the interpreter; by default those of this one."""
        spellings = (os.path.abspath(project), os.path.realpath(project))
        self._roots = tuple(dict.fromkeys(_slashed(path) for path in spellings))
        own = (sys.prefix, sys.exec_prefix, sys.base_prefix, STDLIB)
        # A prefix may be `/usr`, and the project `/usr/src/app`.
        directories = (_slashed(path) for path in (own if interpreter is None else interpreter))
        self._interpreter = tuple(path for path in directories if not any(r.startswith(path) for r in self._roots))
        self._pivot = tuple(_slashed(os.path.abspath(path)) for path in sys.modules["pivot"].__path__)
        self._elsewhere = (*_SYSTEM, _slashed(_temporary()), _slashed(os.path.expanduser("~/.cache")))
        self._strange = (*self._roots, *self._interpreter, *self._pivot, *self._elsewhere)
        self.is_ours: Callable[[str], bool] = _Decided(self._decide).__getitem__
        """Whether code of this file is the user's, wherever it lives."""

    def inside(self, path: str) -> str | None:
        """Give an absolute path relative to the project, `.` for the project; None when it does not count as its."""
        below = path + "/"
        for root in self._roots:
            if below.startswith(root):
                relative = below[len(root) - 1 :]
                for part in _KEPT_BY_TOOLS:
                    if part in relative:
                        return None
                return None if below.startswith(self._interpreter) else relative.strip("/") or "."
        return None

    def is_outside(self, path: str) -> bool:
        """Whether a file is neither the project's nor the system's, so that reading it is worth a warning."""
        below = path + "/"
        return not below.startswith(self._strange) and not any(part in below for part in _KEPT_BY_TOOLS)

    def _decide(self, filename: str) -> bool:
        if filename.startswith("<"):
            return False
        path = os.path.abspath(filename)
        if self.inside(path) is not None:
            return True
        return not path.startswith((*self._interpreter, *self._pivot)) and not any(part in path for part in _INSTALLED)


class _Decided(dict[str, bool]):
    """Answers by file name, each found out once. A dictionary, because it is asked for every frame of every stack."""

    def __init__(self, decide: Callable[[str], bool]) -> None:
        super().__init__()
        self._decide = decide

    def __missing__(self, filename: str) -> bool:
        known = self[filename] = self._decide(filename)
        return known


def _temporary() -> str:
    """Say where files for a while go. `tempfile` would make one to see, remember it for good, and import archives."""
    said = (os.environ.get(name, "") for name in ("TMPDIR", "TEMP", "TMP"))
    return next(filter(os.path.isabs, said), "/tmp")  # noqa: S108


def _slashed(path: str) -> str:
    return path.rstrip("/") + "/"
