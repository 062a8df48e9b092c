"""Small JSON files in the project's local directory: written whole or not at all, read or ignored."""

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

SCHEMA = 1
"""Part of every file; a file with another number is none."""


def read_json(path: Path) -> Any:
    """Give what `write_json` wrote. Raises ValueError for anything else, or nothing, at that place."""
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ValueError(f"{path}: not of schema {SCHEMA}")
    return data["data"]


def write_json(path: Path, data: object) -> bool:
    """Put JSON values in place of what is there, in one step; whether it could be done.

    A project that cannot be written to is no reason to fail: all of this can be made again.
    """
    text = json.dumps({"schema": SCHEMA, "data": data}, separators=(",", ":"))
    try:
        prepare(path.parent)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError:
        return False
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        return False
    return True


def prepare(directory: Path) -> None:
    """Make the local directory, one that git leaves alone. Raises OSError if that is not possible."""
    if not directory.is_dir():
        directory.mkdir(parents=True, exist_ok=True)
        ignore = directory / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
