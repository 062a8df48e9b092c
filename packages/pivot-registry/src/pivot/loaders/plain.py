"""Paths, text and bytes as they are."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pivot.loaders.base import Loader


@dataclass(frozen=True)
class PathOnly(Loader[Path]):
    """Hand the path through: the function reads, or makes, the file or directory itself."""

    hands_paths: ClassVar[bool] = True

    def load(self, path: Path) -> Path:
        """Give the path."""
        return path

    def save(self, value: Path | None, path: Path) -> None:  # noqa: ARG002  (what the function returns does not matter)
        """Check that the function made it."""
        if not path.exists():
            raise FileNotFoundError(f"{path} was not made")


@dataclass(frozen=True)
class Text(Loader[str]):
    """UTF-8 text, with `\\n` at line ends as written; any line end when read."""

    def load(self, path: Path) -> str:
        """Read all of it."""
        return path.read_text(encoding="utf-8")

    def save(self, value: str, path: Path) -> None:
        """Write it as it is."""
        path.write_text(value, encoding="utf-8", newline="\n")


@dataclass(frozen=True)
class Bytes(Loader[bytes]):
    """Bytes as they are."""

    def load(self, path: Path) -> bytes:
        """Read all of it."""
        return path.read_bytes()

    def save(self, value: bytes, path: Path) -> None:
        """Write it as it is."""
        path.write_bytes(value)
