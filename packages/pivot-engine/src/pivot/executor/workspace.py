"""The files of the project as they are now, each looked at once per command."""

import os
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from pivot.cache import Cache, ChangedError, Digest, Measured, Signature, signature
from pivot.executor.trace import Artifact
from pivot.registry.definition import StageDefinition


def absolute(root: Path, path: str) -> str:
    """Turn a declared path into an absolute one, without looking at the disk."""
    # As text, not by pathlib or `join`: pathlib does not fold `..`, and this runs for every path of every stage.
    return os.path.normpath(path if path.startswith("/") else f"{root}/{path}")


def absolute_paths(root: Path, paths: Iterable[str]) -> list[str]:
    """Turn the declared paths of a stage into absolute ones."""
    start = f"{root}/"
    return [os.path.normpath(path if path.startswith("/") else start + path) for path in paths]


def below(root: Path, paths: Iterable[str]) -> list[str]:
    """Spell absolute paths, all of them below a directory, relative to it."""
    start = len(f"{root}/")
    return [path[start:] for path in paths]


CHANGING = Artifact(Digest(f"b3:{'0' * 64}"), 0)
"""Stands for what is just being written: it is equal to nothing that was ever recorded, and no store has it."""


class Workspace:
    """Answers what lies at a path; remembers the answer until it is told to forget it."""

    def __init__(
        self, cache: Cache, changing: Artifact | None = None, measured: dict[str, Measured] | None = None
    ) -> None:
        """`changing` is the answer for a file that somebody is just writing; None: that is an error.

        It is `CHANGING` for who only looks, and leaves it to others, who hold locks, to look again. `measured` is what
        has been measured already, and by what it can be told that it has not changed.
        """
        self._cache = cache
        self._changing = changing
        self._known: dict[str, Artifact | None] = {}
        self._measured = {} if measured is None else measured
        self._above: set[str] | None = None
        """Every directory above a known path; found out when something is first to be forgotten."""

    def content(self, path: str) -> Artifact | None:
        """Identify the file or directory at an absolute path; None if there is none."""
        if path in self._known:
            return self._known[path]
        return self.again(path)

    def again(self, path: str) -> Artifact | None:
        """Identify what lies at a path now, whatever lay there before."""
        artifact = self._look(path)
        self._learn(path, artifact)
        return artifact

    def _learn(self, path: str, artifact: Artifact | None) -> None:
        self._known[path] = artifact
        if self._above is not None:
            _add_parents(path, self._above)

    def _look(self, path: str) -> Artifact | None:
        before = self._measured.get(path)
        if before is not None and before.seen is not None and before.seen == _signature(path):
            return _artifact(before)
        try:
            measured = self._measured[path] = self._cache.measure(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ChangedError:
            if self._changing is None:
                raise
            return self._changing
        return _artifact(measured)

    def contents(self, root: Path, paths: Collection[str]) -> Mapping[str, Artifact | None]:
        """Identify what lies at declared paths."""
        return dict(zip(paths, map(self.content, absolute_paths(root, paths)), strict=True))

    def forget(self, paths: Iterable[str]) -> None:
        """Forget what lay at, below and above these absolute paths: somebody wrote there."""
        if self._above is None:
            self._above = set()
            for known in self._known:
                _add_parents(known, self._above)
        for path in paths:
            if path in self._above:
                for known in [known for known in self._known if known.startswith(path + os.sep)]:
                    del self._known[known]
            for known in (path, *parents(path)):
                self._known.pop(known, None)

    def note(self, root: Path, artifacts: Mapping[str, Artifact]) -> None:
        """Take somebody's word for what lies at declared paths: a worker has just written them."""
        for path, artifact in artifacts.items():
            self._learn(absolute(root, path), artifact)


def _artifact(measured: Measured) -> Artifact:
    return Artifact(measured.digest, measured.size)


def _signature(path: str) -> Signature | None:
    try:
        return signature(path)
    except OSError:
        return None


def _add_parents(path: str, above: set[str]) -> None:
    for parent in parents(path):
        if parent in above:
            break
        above.add(parent)


def parents(path: str) -> tuple[str, ...]:
    """Give the directories above an absolute path, the nearest first."""
    return _and_above(os.path.dirname(path))


@lru_cache(maxsize=1024)  # files lie side by side, and this is asked for every output of every stage
def _and_above(directory: str) -> tuple[str, ...]:
    above = os.path.dirname(directory)
    return (directory,) if above == directory else (directory, *_and_above(above))


def input_paths(stage: StageDefinition) -> list[str]:
    """List the declared paths that a stage reads."""
    return [path for item in stage.inputs for path in item.paths]


def output_paths(stage: StageDefinition) -> list[str]:
    """List the declared paths that a stage writes."""
    return [path for item in stage.outputs for path in item.paths]
