"""Small JSON files in the project's local directory: written whole or not at all, read or ignored."""

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

from blake3 import blake3

_HEAD = "pivot 2 "
"""Format and schema; what begins otherwise is another's."""


def read_json(path: Path) -> Any:
    """Give what `write_json` wrote. Raises ValueError for anything else, or nothing, at that place."""
    try:
        head, _, body = path.read_bytes().partition(b"\n")
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
    # Not tempfile: importing it costs more than all of this.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    try:
        prepare(path.parent)
        with temporary.open("xb") as file:
            file.writelines((_head(body), b"\n", body))
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        return False
    return True


def prepare(directory: Path) -> None:
    """Make the local directory, one that git leaves alone. Raises OSError if that is not possible."""
    if not directory.is_dir():
        directory.mkdir(parents=True, exist_ok=True)
        ignore = directory / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
