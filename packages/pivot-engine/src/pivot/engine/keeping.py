"""What the store must keep for a project: all that the lock files of its pipelines name."""

import os
from collections.abc import Iterable
from pathlib import Path

from pivot.cache import Cache, Root
from pivot.registry.layout import PIVOT_DIR

_FILES = ("stages/*.lock", "pending/*.lock")


def checkout_of(project_root: Path, state_dirs: Iterable[Path]) -> Root:
    """Describe a project to the store: where the files lie that name what it needs."""
    folders = sorted({_spelled(project_root, state_dir) for state_dir in state_dirs})
    files = tuple(f"{folder}/{pattern}" for folder in folders for pattern in _FILES)
    # Only lock files are committed; a pipeline may have lain elsewhere then.
    return Root(str(project_root), files, (f"{PIVOT_DIR}/{_FILES[0]}",))


def register(cache: Cache, project_root: Path, state_dirs: Iterable[Path]) -> None:
    """Let every collection in the store spare what this project names; to be done before anything is stored."""
    checkout = checkout_of(project_root, state_dirs)
    cache.register(checkout.path, checkout.files, checkout.anywhere)


def _spelled(project_root: Path, state_dir: Path) -> str:
    return os.path.relpath(state_dir, project_root) if state_dir.is_relative_to(project_root) else str(state_dir)
