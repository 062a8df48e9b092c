"""Where things lie: the one place that turns directories into a state directory or a project root."""

import itertools
import stat
from collections.abc import Mapping
from pathlib import Path

from pivot.registry.types import StateDir

PIVOT_DIR = ".pivot"
CONFIG_NAME = "config.yaml"


def state_dir_of(root: Path) -> StateDir:
    """Give the state directory of the pipeline whose root is `root`. Only `Pipeline` calls this."""
    return StateDir(root / PIVOT_DIR)


def project_root_of(start: Path, environ: Mapping[str, str]) -> Path:
    """Find the project that `start` (a pipeline's root or the current directory) lies in.

    `PIVOT_PROJECT_ROOT`; else the nearest ancestor whose `.pivot/` holds `config.yaml`; else the topmost one
    with a `.pivot/`, not above the git root or home; else the git root; else `start`.

    A place for everybody's temporary files (`/tmp`) is nobody's project, nor is the root of the file system: a
    `.pivot/` that somebody leaves there does not make all below it one.
    """
    if given := environ.get("PIVOT_PROJECT_ROOT"):
        return Path(given).expanduser().resolve()
    lineage = (start, *itertools.takewhile(_may_be_a_project, start.parents))
    for directory in lineage:
        if (directory / PIVOT_DIR / CONFIG_NAME).is_file():
            return directory
    bounded = lineage[: _bound(lineage, environ.get("HOME"))]
    marked = [directory for directory in bounded if (directory / PIVOT_DIR).is_dir()]
    git = [directory for directory in bounded if (directory / ".git").exists()]
    return (marked or git or [start])[-1]


def _may_be_a_project(directory: Path) -> bool:
    """Stop at the root of the file system, and at places for everybody's temporary files."""
    shared = stat.S_ISVTX | stat.S_IWOTH
    try:
        temporary = directory.stat().st_mode & shared == shared
    except OSError:
        temporary = False
    return directory != directory.parent and not temporary


def _bound(lineage: tuple[Path, ...], home: str | None) -> int:
    """Count the ancestors up to and including the first git root or the home directory."""
    for index, directory in enumerate(lineage):
        if (directory / ".git").exists() or str(directory) == home:
            return index + 1
    return len(lineage)
