"""Example projects that `pivot init --template` copies."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from pivot.registry.errors import DefinitionError

LOCAL = frozenset({"__pycache__", ".pivot", ".DS_Store"})
"""What running a template leaves in it."""


def template_names() -> list[str]:
    """List the templates."""
    return sorted(item.name for item in _directory().iterdir() if item.is_dir() and item.name not in LOCAL)


def template_files(name: str) -> dict[PurePosixPath, bytes]:
    """Read the files of a template, by path.

    Raises:
        DefinitionError: there is no such template.
    """
    known = template_names()
    if name not in known:
        raise DefinitionError(f"there is no template {name!r}", hint=f"There are: {', '.join(known)}.")
    return _read(_directory() / name, PurePosixPath())


def _directory() -> Traversable:
    return files("pivot.cli").joinpath("templates")


def _read(directory: Traversable, under: PurePosixPath) -> dict[PurePosixPath, bytes]:
    found: dict[PurePosixPath, bytes] = {}
    for item in sorted(directory.iterdir(), key=lambda item: item.name):
        if item.name in LOCAL:
            continue
        path = under / item.name
        found.update(_read(item, path) if item.is_dir() else {path: item.read_bytes()})
    return found


def write_new(directory: Path, contents: dict[PurePosixPath, bytes]) -> None:
    """Write files that are not there yet: all of them, or none.

    Raises:
        DefinitionError: one is there already.
    """
    there = [str(path) for path in contents if (directory / path).exists()]
    if there:
        more = f" and {len(there) - 3} more" if len(there) > 3 else ""
        raise DefinitionError(
            f"{directory}: {', '.join(there[:3])}{more} would be overwritten",
            hint="Choose an empty directory: pivot init DIRECTORY.",
        )
    for path, content in contents.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            file.write(content)
