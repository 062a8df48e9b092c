"""Find the pipeline that a directory defines, and load it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pivot.discovery.errors import DiscoveryError
from pivot.discovery.names import pipeline_files_in
from pivot.discovery.project import find_project_root

if TYPE_CHECKING:
    from pivot.pipeline import Pipeline


def discover_pipeline(root: Path) -> "Pipeline | None":
    """Load the pipeline that `pipeline.py` or `pivot.yaml` in `root` defines; None if there is neither.

    Raises DiscoveryError, naming the file and the cause, for everything that is wrong with them.
    """
    directory = Path(root).resolve()
    file = pipeline_file_in(directory)
    if file is None:
        return None
    from pivot.discovery.discovered import DiscoveredPipeline  # costs pydantic and more
    from pivot.discovery.loading import load

    return DiscoveredPipeline(load(file, find_project_root(directory, os.environ)))


def pipeline_file_in(directory: Path) -> Path | None:
    """Give the one pipeline file of a directory, or None. Raises DiscoveryError if there is more than one."""
    files = pipeline_files_in(directory)
    if len(files) > 1:
        raise ambiguous(files)
    return files[0] if files else None


def ambiguous(files: list[Path]) -> DiscoveryError:
    """Say that a directory defines its pipeline twice."""
    names = " and ".join(path.name for path in files)
    return DiscoveryError(
        f"both {names} define a pipeline here",
        where=files[0].parent,
        hint="a directory has one pipeline: keep one of the files, or move the other to a directory of its own",
    )
