"""The trash: what runs have replaced and nobody else may have, in the state directory of each pipeline."""

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pivot.executor.state import trash_of


class Thrown(NamedTuple):
    """What one run has replaced of one stage."""

    path: Path
    time: float
    """When, in seconds since the epoch."""
    bytes: int


def thrown(state_dirs: Iterable[Path]) -> list[Thrown]:
    """List what is in the trash, the oldest first."""
    paths = [stage for state_dir in state_dirs for run in _below(trash_of(state_dir)) for stage in _below(run)]
    return sorted((Thrown(path, path.lstat().st_mtime, _size(path)) for path in paths), key=lambda each: each.time)


def _below(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _size(directory: Path) -> int:
    files = (os.path.join(folder, name) for folder, _, names in os.walk(directory) for name in names)
    return sum(os.lstat(path).st_size for path in files)


def delete(items: Iterable[Thrown]) -> None:
    """Delete it for good; a run's folder too, when it is empty."""
    for item in items:
        shutil.rmtree(item.path)
        with contextlib.suppress(OSError):
            os.rmdir(item.path.parent)
