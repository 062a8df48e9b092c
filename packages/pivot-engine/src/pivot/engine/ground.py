"""Which directories are watched: the project's, without what tools keep there for themselves."""

import os
from collections.abc import Iterator
from typing import NamedTuple

PIVOT = ".pivot"
CONFIG = "config.yaml"
NEVER = frozenset(
    {
        *("__pycache__", "node_modules", "site-packages", "dist-packages", PIVOT, ".git", ".hg", ".svn"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".ipynb_checkpoints"),
    }
)
"""Directories that are not looked into, wherever they are."""
_VENV_MARK = "pyvenv.cfg"


class Ground(NamedTuple):
    """Directories, by absolute path."""

    trees: tuple[str, ...]
    """With all below them."""
    single: tuple[str, ...] = ()
    """Without what is below them."""
    left_out: frozenset[str] = frozenset()
    """Not these, nor what is below them."""

    def directories(self) -> list[str]:
        """List every directory that there is now, `.pivot` too: the project's settings lie in it."""
        return list(dict.fromkeys(path for path, _ in self._walk()))

    def files(self) -> list[str]:
        """List every file that counts."""
        return [
            path for directory, names in self._walk() for name in names if self.counts(path := f"{directory}/{name}")
        ]

    def counts(self, path: str) -> bool:
        """Tell whether a change of this path, in a directory that is watched, may mean anything."""
        directory, name = os.path.split(path)
        if os.path.basename(directory) == PIVOT:
            return name == CONFIG
        return name not in NEVER and path not in self.left_out

    def _walk(self) -> Iterator[tuple[str, list[str]]]:
        pending = [os.path.normpath(path) for path in reversed(self.trees)]
        while pending:
            directory = pending.pop()
            found = None if directory in self.left_out else _listed(directory)
            if found is None or _VENV_MARK in found[1]:
                continue
            yield directory, found[1]
            if PIVOT in found[0]:
                yield from _alone(f"{directory}/{PIVOT}")
            pending += [f"{directory}/{name}" for name in found[0] if name not in NEVER]
        for directory in self.single:
            yield from _alone(directory)


def _alone(directory: str) -> Iterator[tuple[str, list[str]]]:
    found = _listed(directory)
    if found is not None:
        yield directory, found[1]


def _listed(directory: str) -> tuple[list[str], list[str]] | None:
    """Name the directories and the files in a directory; a link to a directory counts as a file."""
    directories: list[str] = []
    files: list[str] = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                (directories if entry.is_dir(follow_symlinks=False) else files).append(entry.name)
    except OSError:
        return None
    return directories, files
