"""Tables, in the data frame library that the stage uses."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

from pivot.loaders.base import Loader, library, library_of

Frames: TypeAlias = Literal["pandas", "polars", "pyarrow"]
_EXTRAS: Mapping[str, str] = {"pandas": "pandas", "polars": "polars", "pyarrow": "arrow"}
_ANNOTATED: Mapping[str, Frames] = {"polars": "polars", "pyarrow": "pyarrow"}


@dataclass(frozen=True)
class _Table(Loader[Any]):
    """A format that several libraries know. What is saved is written by the library that it belongs to."""

    library: Frames | None = None
    """Which one reads: None asks the annotation (`polars.DataFrame`), and is pandas otherwise."""
    read: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Further keywords for the library's function that reads."""
    write: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Further keywords for the library's function that writes."""

    def suited_to(self, annotation: object) -> Self:
        """Read with the library that the annotation is of."""
        found = _ANNOTATED.get(library_of(annotation))
        if self.library is None and found is not None:
            return replace(self, library=found)
        return self

    def _reader(self) -> str:
        return self.library or "pandas"

    def _writer(self, value: object) -> str:
        """Name the library that a table belongs to, whatever it would be read with."""
        found = library_of(type(value))
        if found not in _EXTRAS:
            raise TypeError(f"loaders.{type(self).__name__} saves data frames, not a {type(value).__qualname__}")
        return found

    def _library(self, name: str, module: str | None = None) -> Any:
        return library(type(self).__name__, module or name, _EXTRAS[name])


@dataclass(frozen=True)
class CSV(_Table):
    """Comma-separated values in UTF-8, with a header, without an index."""

    separator: str = ","

    def load(self, path: Path) -> Any:
        """Read a data frame (pandas, polars) or a table (pyarrow)."""
        match self._reader():
            case "polars":
                return self._library("polars").read_csv(path, separator=self.separator, **self.read)
            case "pyarrow":
                csv = self._library("pyarrow", "pyarrow.csv")
                options = {"parse_options": csv.ParseOptions(delimiter=self.separator), **self.read}
                return csv.read_csv(path, **options)
            case _:
                return self._library("pandas").read_csv(path, sep=self.separator, **self.read)

    def save(self, value: Any, path: Path) -> None:
        """Write it; floats in the shortest form that reads back the same."""
        match self._writer(value):
            case "polars":
                value.write_csv(path, **{"separator": self.separator, **self.write})
            case "pyarrow":
                csv = self._library("pyarrow", "pyarrow.csv")
                options = {"write_options": csv.WriteOptions(delimiter=self.separator), **self.write}
                csv.write_csv(value, path, **options)
            case _:
                value.to_csv(path, **{"sep": self.separator, "index": False, "lineterminator": "\n", **self.write})


@dataclass(frozen=True)
class Parquet(_Table):
    """Parquet. With pandas it needs pyarrow as well."""

    def load(self, path: Path) -> Any:
        """Read a data frame (pandas, polars) or a table (pyarrow)."""
        match self._reader():
            case "polars":
                return self._library("polars").read_parquet(path, **self.read)
            case "pyarrow":
                return self._library("pyarrow", "pyarrow.parquet").read_table(path, **self.read)
            case _:
                self._library("pyarrow")
                return self._library("pandas").read_parquet(path, **{"engine": "pyarrow", **self.read})

    def save(self, value: Any, path: Path) -> None:
        """Write it, a pandas index included unless it is the trivial one."""
        match self._writer(value):
            case "polars":
                value.write_parquet(path, **self.write)
            case "pyarrow":
                self._library("pyarrow", "pyarrow.parquet").write_table(value, path, **self.write)
            case _:
                self._library("pyarrow")
                value.to_parquet(path, **{"engine": "pyarrow", **self.write})
