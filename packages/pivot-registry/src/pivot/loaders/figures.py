"""Plots."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pivot.loaders.base import Writer, library

# What each format would say of when and by what it was written.
_SILENT: Mapping[str, Mapping[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "ps": {"Creator": None},
    "eps": {"Creator": None},
}


@dataclass(frozen=True)
class MatplotlibFigure(Writer[Any]):
    """Save a figure in the format of the path's suffix; the same figure gives the same bytes. Closes the figure."""

    dpi: float | None = None
    """None: the figure's own."""
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Further keywords for `Figure.savefig`."""

    def save(self, value: Any, path: Path) -> None:
        """Save a `Figure`, or the figure of an `Axes`."""
        matplotlib = library("MatplotlibFigure", "matplotlib", "matplotlib")
        figure = value if hasattr(value, "savefig") else value.figure
        silent = dict(_SILENT.get(path.suffix.lstrip(".").lower(), {}))
        options = {"dpi": self.dpi or figure.dpi, **self.options}
        if silent:
            options["metadata"] = {**silent, **options.get("metadata", {})}
        with matplotlib.rc_context({"svg.hashsalt": "pivot"}):
            figure.savefig(path, **options)
        _close(figure)


def _close(figure: Any) -> None:
    """Let pyplot forget it: a warm process would keep every figure that a stage ever made."""
    if (pyplot := sys.modules.get("matplotlib.pyplot")) is not None:
        pyplot.close(figure)
