"""Which pipelines a command means when it is given no names: read off the directory it was started in."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from pivot.registry.layout import PIVOT_DIR

FilesIn = Callable[[Path], Sequence[Path]]
"""Lists the pipeline files that lie directly in a directory."""


class Scope(NamedTuple):
    """A directory, and whether it means its own pipeline or all those below."""

    directory: Path
    exact: bool
    """The directory has a pipeline file: that pipeline. Else: all below."""

    def covers(self, file: Path) -> bool:
        """Tell whether a pipeline file is meant."""
        return file.parent == self.directory if self.exact else file.is_relative_to(self.directory)


def is_marked(project_root: Path, files_in: FilesIn) -> bool:
    """Tell whether anything says that a directory is a project, so that what lies below it may be loaded."""
    marks = (project_root / PIVOT_DIR, project_root / ".git")
    return any(mark.exists() for mark in marks) or bool(files_in(project_root))


def scope_of(start: Path, project_root: Path, files_in: FilesIn) -> Scope:
    """Walk up from `start` to the project root, to the first directory with a pipeline file.

    `files_in` lists the pipeline files of one directory. Where there is none up to the root, everything below `start`
    is meant.
    """
    for directory in (start, *start.parents):
        if files_in(directory):
            return Scope(directory, exact=True)
        if directory == project_root:
            break
    return Scope(start, exact=False)
