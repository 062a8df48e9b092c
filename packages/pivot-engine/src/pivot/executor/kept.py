"""Files that stay open from one stage to the next: to open one takes longer than to see that it is still there."""

import os
from collections.abc import Callable


class _Forks:
    """Counts how often this process has forked."""

    count = 0

    @classmethod
    def add(cls) -> None:
        cls.count += 1


os.register_at_fork(after_in_parent=_Forks.add)


class KeptOpen:
    """One file at a time, open until another is asked for.

    Only while it is what it was: a stage may close it, or have its number taken by another file, and somebody may
    remove it. And only while no other process has it: a child that a stage has forked may live on, and what later
    stages lock would stay locked with it.
    """

    def __init__(self, opening: Callable[[str], int]) -> None:
        self._opening = opening
        self._path = ""
        self._descriptor = -1
        self._identity: tuple[int, int] | None = None
        self._forks = 0

    def at(self, path: str) -> int:
        """Give the descriptor of the file at a path."""
        if path != self._path or self._forks != _Forks.count or not self._names():
            self.close()
            self._forks = _Forks.count
            self._descriptor = self._opening(path)
            status = os.fstat(self._descriptor)
            self._path, self._identity = path, (status.st_dev, status.st_ino)
        return self._descriptor

    def close(self) -> None:
        """Let go of the file."""
        if self._names() is not None:
            os.close(self._descriptor)
        self._path, self._identity = "", None

    def _names(self) -> int | None:
        """Say how many names the file has; None: it is not open any more, or not by our descriptor."""
        try:
            status = os.fstat(self._descriptor)
        except OSError:
            return None
        return status.st_nlink if (status.st_dev, status.st_ino) == self._identity else None
