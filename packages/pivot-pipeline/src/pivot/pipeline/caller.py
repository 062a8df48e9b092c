"""Where a pipeline is written."""

import sys
from pathlib import Path
from types import FrameType

from pivot.registry.errors import DefinitionError


def root_of_caller(root: str | Path | None) -> Path:
    """Give the directory of the file that makes the pipeline; a `root` that is relative is relative to it.

    Raises:
        DefinitionError: `root` is a file.
    """
    directory = _directory(_outside(sys._getframe(1)))
    found = directory if root is None else (directory / Path(root).expanduser()).resolve()
    if found.is_file():
        raise DefinitionError(f"the root of a pipeline must be a directory: {found}", hint="Give its directory.")
    return found


def _outside(frame: FrameType) -> FrameType:
    """Find the code that called: the first that is none of ours."""
    found: FrameType | None = frame
    while found is not None and str(found.f_globals.get("__name__")).startswith("pivot.pipeline."):
        frame, found = found, found.f_back
    return found or frame


def _directory(frame: FrameType) -> Path:
    # `__file__`, not the code's file name: that of a notebook's cell lies in a temporary directory. Only the
    # directory is resolved: a pipeline.py that is a link belongs to where the link is.
    file = frame.f_globals.get("__file__")
    return Path(file).parent.resolve() if isinstance(file, str) else Path.cwd()
