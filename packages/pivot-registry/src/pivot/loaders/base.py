"""What a loader is: how a value gets from a file into a stage function, and back."""

import importlib
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)


class MissingLibraryError(ImportError):
    """A loader needs a library that is not installed; the message says how to get it."""

    def __init__(self, loader: str, module: str, extra: str) -> None:
        message = f"loaders.{loader} needs {module}, which is not installed\n  hint: Install pivot-pipeline[{extra}]."
        super().__init__(message, name=module)


class _Base:
    hands_paths: ClassVar[bool] = False
    """Whether the function gets paths rather than contents, and makes its outputs itself."""

    def suited_to(self, annotation: object) -> Self:  # noqa: ARG002  (for those who override it)
        """Give the loader for a parameter or a return value that is annotated so; by default this one."""
        return self


class Reader(_Base, ABC, Generic[T_co]):
    """Turns a file into a value. Derive from it (or from `Loader`) for a format of one's own.

    Its code and its attributes belong to the identity of every stage that uses it.
    """

    @abstractmethod
    def load(self, path: Path) -> T_co:
        """Read the value at `path`."""


class Writer(_Base, ABC, Generic[T_contra]):
    """Turns a value into a file. The same value should give the same bytes: what follows is then up to date."""

    @abstractmethod
    def save(self, value: T_contra, path: Path) -> None:
        """Write the value to `path`, whose directory exists. The file appears to others when this has returned."""


class Loader(Reader[T], Writer[T]):
    """Both directions."""


def library(loader: str, module: str, extra: str) -> Any:
    """Import what a loader needs, when it is used. Raises MissingLibraryError."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != module.partition(".")[0]:
            raise
        raise MissingLibraryError(loader, module, extra) from None


def library_of(kind: object) -> str:
    """Name the top-level package that a class comes from; empty for what is no class."""
    return kind.__module__.partition(".")[0] if isinstance(kind, type) else ""
