"""Keep git clean of what the cache keeps: a marked block in the `.gitignore` beside the outputs."""

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from pivot.executor.workspace import absolute
from pivot.registry.definition import StageDefinition
from pivot.registry.writing import read_regular, write_whole

BEGIN = "# pivot: outputs, kept in the cache"
END = "# pivot: end"


def ignore_outputs(stages: Iterable[StageDefinition], project_root: Path) -> None:
    """List the cached outputs of these stages in the `.gitignore` files beside them, inside a git work tree."""
    if not any((directory / ".git").exists() for directory in (project_root, *project_root.parents)):
        return
    for directory, names in _by_directory(stages).items():
        if os.path.isdir(directory) or _made(directory):
            _update(Path(directory, ".gitignore"), names)


def _made(directory: str) -> bool:
    """Make a directory, as it is before the stage runs in any case; who runs it says what is in the way."""
    with contextlib.suppress(OSError):
        os.makedirs(directory)
        return True
    return False


def _by_directory(stages: Iterable[StageDefinition]) -> Mapping[str, set[str]]:
    names: dict[str, set[str]] = {}
    for stage in stages:
        for out in stage.outputs:
            for path in out.paths if out.cached else ():
                directory, name = os.path.split(absolute(stage.root, path))
                names.setdefault(directory, set()).add(name)
    return names


def _update(file: Path, names: set[str]) -> None:
    """Write the block, if it does not say this already. Lines outside the block are the user's."""
    text = read_regular(file).decode(errors="surrogateescape") if file.exists() else ""
    before, mark, rest = text.partition(BEGIN + "\n")
    listed, _, after = rest.partition(END + "\n")
    lines = sorted({*listed.splitlines(), *map(_pattern, names)} if mark else map(_pattern, names))
    block = "\n".join([BEGIN, *lines, END]) + "\n"
    separator = "\n" if before and not before.endswith("\n") else ""
    updated = before + separator + block + after
    if updated != text:
        write_whole(str(file), updated.encode(errors="surrogateescape"))


def _pattern(name: str) -> str:
    """Name exactly this file: what git would take for a pattern is escaped."""
    return "/" + "".join(f"\\{char}" if char in "*?[\\ " else char for char in name)
