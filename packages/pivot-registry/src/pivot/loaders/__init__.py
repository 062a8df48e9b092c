"""How values get from files into stage functions and back. Third-party libraries are imported when a loader is used."""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pivot.loaders.base import Loader, MissingLibraryError, Reader, Writer
    from pivot.loaders.binary import Numpy, Pickle
    from pivot.loaders.figures import MatplotlibFigure
    from pivot.loaders.plain import Bytes, PathOnly, Text
    from pivot.loaders.structured import JSON, JSONL, YAML
    from pivot.loaders.tables import CSV, Parquet

__all__ = [
    "CSV",
    "JSON",
    "JSONL",
    "YAML",
    "Bytes",
    "Loader",
    "MatplotlibFigure",
    "MissingLibraryError",
    "Numpy",
    "Parquet",
    "PathOnly",
    "Pickle",
    "Reader",
    "Text",
    "Writer",
]

# Where each name is defined: a dataclass costs half a millisecond to make, and the engine needs none of these to plan.
_HOMES: Mapping[str, str] = {
    "CSV": "tables",
    "JSON": "structured",
    "JSONL": "structured",
    "YAML": "structured",
    "Bytes": "plain",
    "Loader": "base",
    "MatplotlibFigure": "figures",
    "MissingLibraryError": "base",
    "Numpy": "binary",
    "Parquet": "tables",
    "PathOnly": "plain",
    "Pickle": "binary",
    "Reader": "base",
    "Text": "plain",
    "Writer": "base",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
