"""Find pivot projects, their settings and their pipelines."""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pivot.discovery.catalogue import Found, views, why_not
    from pivot.discovery.config import Config
    from pivot.discovery.discover import discover_pipeline
    from pivot.discovery.errors import DiscoveryError
    from pivot.discovery.finding import find_pipeline_files
    from pivot.discovery.loading import load_live
    from pivot.discovery.names import pipeline_files_in
    from pivot.discovery.project import Project, open_project

__all__ = [
    "Config",
    "DiscoveryError",
    "Found",
    "Project",
    "discover_pipeline",
    "find_pipeline_files",
    "load_live",
    "open_project",
    "pipeline_files_in",
    "views",
    "why_not",
]

# Imported when asked for: an up-to-date command needs no loader. No module may be called as one of these names: once
# imported, it would be what the name means.
_HOMES: Mapping[str, str] = {
    "Config": "config",
    "DiscoveryError": "errors",
    "Found": "catalogue",
    "Project": "project",
    "discover_pipeline": "discover",
    "find_pipeline_files": "finding",
    "load_live": "loading",
    "open_project": "project",
    "pipeline_files_in": "names",
    "views": "catalogue",
    "why_not": "catalogue",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
