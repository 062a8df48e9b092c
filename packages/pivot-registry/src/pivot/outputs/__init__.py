"""Annotations of stage functions: what they read and what they write."""

from pivot.outputs.artifacts import (
    Dep,
    DirectoryOut,
    IncrementalOut,
    Metric,
    Out,
    PathSpec,
    PlaceholderDep,
    Plot,
)

__all__ = ["Dep", "DirectoryOut", "IncrementalOut", "Metric", "Out", "PathSpec", "PlaceholderDep", "Plot"]
