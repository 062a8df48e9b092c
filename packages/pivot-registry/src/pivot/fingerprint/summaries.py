"""Summaries kept on disk by content: a file is read as Python once, whoever asks, until its bytes change."""

import ast
import contextlib
import marshal
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

from blake3 import blake3

from pivot.fingerprint.collection import without_collection
from pivot.fingerprint.summarise import summarise
from pivot.fingerprint.summary import Summary
from pivot.registry.writing import write_whole

SCHEMA = 5
"""Raised whenever summaries, links or canonical forms change."""

_CHECK = 32
_MOST = 20_000
"""Summaries kept; beyond it the oldest half goes."""

Digests = Callable[[str], str | None]
"""Gives the BLAKE3 of a file's bytes, where the caller knows it (from stats); None otherwise."""


class Summaries:
    """Gives summaries of files, and keeps what else the analysis wants to find again.

    Without a directory all is kept in memory only. Whatever is damaged or missing is made again.
    """

    def __init__(self, directory: Path | None = None, digests: Digests | None = None) -> None:
        version = f"{SCHEMA}-{sys.version_info[0]}{sys.version_info[1]}"
        self._directory = None if directory is None else directory / version
        self._digests = digests
        self._memory: dict[str, Summary] = {}
        self._new: dict[str, bytes] = {}
        self.made = 0
        """How many files were read as Python."""

    def digest(self, path: str) -> str:
        """Hash the bytes of a file; empty if it cannot be read."""
        if self._digests is not None and (known := self._digests(path)) is not None:
            return known
        data = _bytes_of(path)
        return "" if data is None else blake3(data).hexdigest()

    def of(self, path: str | Path) -> Summary:
        """Summarise a file; one that is not there is an unreadable one."""
        known = self._kept(self._digests(str(path))) if self._digests is not None else None
        if known is not None:
            return known
        data = _bytes_of(str(path))
        if data is None:
            return Summary("", "cannot be read", b"", False, (), (), None)
        return self._kept(blake3(data).hexdigest()) or self._make(data)

    def _kept(self, digest: str | None) -> Summary | None:
        if not digest:
            return None
        if digest not in self._memory and (kept := self.recall(digest)) is not None:
            with contextlib.suppress(ValueError, TypeError, IndexError):  # written by another version: made again
                self._memory[digest] = Summary.from_data(kept)
        return self._memory.get(digest)

    def compiled(self, data: bytes, path: str) -> CodeType | None:
        """Compile a file that has no summary yet, and make that of the same syntax tree.

        None: it has one, or cannot be compiled, which the interpreter is to tell in its own words.
        """
        if self._kept(blake3(data).hexdigest()) is not None:
            return None
        with without_collection():
            try:
                tree = ast.parse(data, path)
                code: CodeType = compile(tree, path, "exec", dont_inherit=True)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return None
            self._make(data, tree)
            return code

    def _make(self, data: bytes, tree: ast.Module | None = None) -> Summary:
        made = summarise(data, tree)
        self.made += 1
        self._memory[made.digest] = made
        self.remember(made.digest, made.to_data())
        return made

    def recall(self, key: str) -> Any:
        """Give what was remembered under a key; None if there is nothing, or it is damaged."""
        data = self._new.get(key)
        if data is None and self._directory is not None:
            data = _bytes_of(str(self._directory / key))
        if data is None or blake3(data[_CHECK:]).digest() != data[:_CHECK]:
            return None
        # marshal is the fastest by far; the checksum keeps damaged bytes from it, and nobody else writes here.
        return marshal.loads(data[_CHECK:])  # noqa: S302

    def remember(self, key: str, value: Any) -> None:
        """Keep a value made of plain tuples, lists, dicts, text and numbers, at the next `save`."""
        data = marshal.dumps(value)
        self._new[key] = blake3(data).digest() + data

    def save(self) -> None:
        """Write what is new. Other commands may do so at the same time; losing it costs time only."""
        if self._directory is None or not self._new:
            return
        try:
            for key, data in self._new.items():
                write_whole(str(self._directory / key), data)
            self._new.clear()
            _prune(self._directory)
        except OSError:  # a full or read-only disk: the next command works it out again
            return


def _bytes_of(path: str) -> bytes | None:
    # Half the time of `Path.read_bytes`, and this is most of what checking two hundred files takes.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return os.read(descriptor, os.fstat(descriptor).st_size)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _prune(directory: Path) -> None:
    entries = os.listdir(directory)
    if len(entries) <= _MOST:
        return
    paths = sorted((directory / entry for entry in entries), key=lambda path: path.stat().st_mtime)
    for path in paths[: len(paths) // 2]:
        path.unlink(missing_ok=True)
