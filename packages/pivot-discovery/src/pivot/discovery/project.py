"""The project that a directory lies in: its root, its settings, its cache."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pivot.discovery.config import Config, config_of
from pivot.discovery.names import pipeline_files_in
from pivot.registry.layout import PIVOT_DIR, project_root_of


class Project(NamedTuple):
    """One project, as a command sees it: everything that depends on where and how the command was started."""

    root: Path
    config: Config
    cache_dir: Path
    environ: Mapping[str, str] = {}
    """The environment that the command was started with."""

    @property
    def local(self) -> Path:
        """Where discovery keeps what it can make again. Deleting it costs time, never correctness."""
        return local_dir(self.root)

    def relative(self, path: Path) -> str:
        """Spell a path for people and for data: relative and POSIX below the root, else absolute."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)


def local_dir(root: Path) -> Path:
    """Give the directory of a project's snapshots."""
    return root / PIVOT_DIR / "local"


def open_project(start: Path, environ: Mapping[str, str] | None = None) -> Project:
    """Find and open the project that `start` lies in. Raises DefinitionError when its settings are wrong."""
    surroundings = os.environ if environ is None else environ
    root = find_project_root(start, surroundings)
    config = config_of(root, local_dir(root))
    return Project(root, config, _cache_dir(root, config, surroundings), dict(surroundings))


def find_project_root(start: Path, environ: Mapping[str, str]) -> Path:
    """Find the root of the project that `start` (a directory, or a pipeline file) lies in.

    Where nothing marks a project, the nearest directory above with a pipeline file is one.
    """
    directory = (start.parent if start.is_file() else start).resolve()
    root = project_root_of(directory, environ)
    if root == directory and not environ.get("PIVOT_PROJECT_ROOT") and not _is_marked(root):
        return next((near for near in _below_home(directory, environ) if pipeline_files_in(near)), root)
    return root


def _is_marked(directory: Path) -> bool:
    return (directory / PIVOT_DIR).is_dir() or (directory / ".git").exists()


def _below_home(directory: Path, environ: Mapping[str, str]) -> list[Path]:
    lineage = [directory, *directory.parents]
    home = environ.get("HOME")
    return lineage[: lineage.index(Path(home))] if home and Path(home) in lineage else lineage


def _cache_dir(root: Path, config: Config, environ: Mapping[str, str]) -> Path:
    if given := environ.get("PIVOT_CACHE_DIR"):
        return Path(os.path.abspath(Path(given).expanduser()))
    if config.cache.dir is not None:
        return Path(os.path.normpath(root / Path(config.cache.dir).expanduser()))
    return root / PIVOT_DIR / "cache"
