"""What annotates the parameters and the return values of stage functions: where the data lies, and how it is loaded."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from pivot.loaders.base import Loader, Reader, Writer

T = TypeVar("T")

PathSpec: TypeAlias = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""One path, relative to the pipeline's root; or a list or tuple of them, for a list of values."""


def _json() -> Loader[Any]:
    from pivot.loaders.structured import JSON

    return JSON()


def _figure() -> Writer[Any]:
    from pivot.loaders.figures import MatplotlibFigure

    return MatplotlibFigure()


class _Value:
    """Equal by content, with a hash even if the content has none: a list of paths, options of loaders.

    `Annotated[...]` asks for one, and keeps what it made in a table: equal hashes for all would make that a list.
    """

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(getattr(self, "path", "")))


@dataclass(frozen=True, eq=False)
class Dep(_Value, Generic[T]):
    """An input: `rows: Annotated[pandas.DataFrame, Dep("rows.csv", loaders.CSV())]`."""

    path: PathSpec
    loader: Reader[T]


@dataclass(frozen=True, eq=False)
class PlaceholderDep(_Value, Generic[T]):
    """An input whose path each registration gives: `register(f, dep_path_overrides={"rows": "us.csv"})`."""

    loader: Reader[T]


@dataclass(frozen=True, eq=False)
class Out(_Value, Generic[T]):
    """An output: kept in the cache, and put back from there."""

    kind: ClassVar[str] = "out"
    """The `OutputKind` of it."""

    path: PathSpec
    loader: Writer[T]

    def save(self, value: T, path: Path) -> None:
        """Write what the function returned for one path."""
        self.loader.save(value, path)


@dataclass(frozen=True, eq=False)
class Metric(Out[T]):
    """A small output for people: stays in git. JSON unless another loader is given."""

    kind: ClassVar[str] = "metric"

    loader: Writer[T] = field(default_factory=_json)


@dataclass(frozen=True, eq=False)
class Plot(Out[T]):
    """An output to look at. A matplotlib figure unless another loader is given."""

    kind: ClassVar[str] = "plot"

    loader: Writer[T] = field(default_factory=_figure)


@dataclass(frozen=True, eq=False)
class IncrementalOut(Out[T]):
    """An output that a run starts from: put back as the last run left it, then modified.

    Annotate a parameter with it too, to get what is there: `seen: Annotated[dict, IncrementalOut("seen.json", JSON())]`
    with a return value annotated by the same path. When there is nothing yet, the function gets the parameter's
    default, and None if it has none; with `PathOnly`, always the path.
    """

    kind: ClassVar[str] = "incremental"

    loader: Loader[T]


@dataclass(frozen=True, eq=False)
class DirectoryOut(Out[T]):
    """A directory as one output. The function returns `{relative name: value}`; with `PathOnly` it makes it itself."""

    kind: ClassVar[str] = "directory"

    def save(self, value: Any, path: Path) -> None:
        """Write every value into a file of its own; a name may have directories (`"2024/a.json"`)."""
        if not isinstance(value, Mapping):
            raise TypeError(f"a DirectoryOut needs a mapping of file names to values, not a {type(value).__qualname__}")
        path.mkdir(parents=True, exist_ok=True)
        for name, content in value.items():
            file = path / _inside(name)
            file.parent.mkdir(parents=True, exist_ok=True)
            self.loader.save(content, file)


def _inside(name: object) -> PurePosixPath:
    """Refuse the name of a file that would lie elsewhere."""
    pure = PurePosixPath(str(name))
    if not isinstance(name, str) or not pure.parts or pure.is_absolute() or ".." in pure.parts or "\0" in name:
        raise ValueError(f"{name!r} does not name a file inside a DirectoryOut")
    return pure
