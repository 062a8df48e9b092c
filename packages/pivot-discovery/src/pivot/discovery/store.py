"""Small JSON files in the project's local directory: written whole or not at all, read or ignored."""

import json
from pathlib import Path
from typing import Any

from blake3 import blake3

from pivot.registry.writing import read_regular, write_whole

_HEAD = "pivot 2 "
"""Format and schema; what begins otherwise is another's."""


def read_json(path: Path) -> Any:
    """Give what `write_json` wrote. Raises ValueError for anything else, or nothing, at that place."""
    try:
        head, _, body = read_regular(path).partition(b"\n")
    except OSError as error:
        raise ValueError(f"{path}: {error}") from None
    if head != _head(body):
        raise ValueError(f"{path}: damaged, or not of this version")
    return json.loads(body)


def _head(body: bytes) -> bytes:
    return f"{_HEAD}{blake3(body).hexdigest()}".encode()


def write_json(path: Path, data: object) -> bool:
    """Put JSON values in place of what is there, in one step; whether it could be done.

    A project that cannot be written to is no reason to fail: all of this can be made again.
    """
    body = json.dumps(data, separators=(",", ":")).encode()
    try:
        prepare(path.parent)
        write_whole(str(path), b"\n".join((_head(body), body)))
    except OSError:
        return False
    return True


def prepare(directory: Path) -> None:
    """Make the local directory, one that git leaves alone. Raises OSError if that is not possible."""
    ignore = directory / ".gitignore"
    if not ignore.exists():
        write_whole(str(ignore), b"*\n")
