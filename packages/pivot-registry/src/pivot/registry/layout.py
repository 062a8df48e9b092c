"""Where things lie: the one place that turns directories into a state directory or a project root."""

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
    """
    if given := environ.get("PIVOT_PROJECT_ROOT"):
        return Path(given).expanduser().resolve()
    lineage = (start, *start.parents)
    for directory in lineage:
        if (directory / PIVOT_DIR / CONFIG_NAME).is_file():
            return directory
    bounded = lineage[: _bound(lineage, environ.get("HOME"))]
    marked = [directory for directory in bounded if (directory / PIVOT_DIR).is_dir()]
    git = [directory for directory in bounded if (directory / ".git").exists()]
    return (marked or git or [start])[-1]


def _bound(lineage: tuple[Path, ...], home: str | None) -> int:
    """Count the ancestors up to and including the first git root or the home directory."""
    for index, directory in enumerate(lineage):
        if (directory / ".git").exists() or str(directory) == home:
            return index + 1
    return len(lineage)
