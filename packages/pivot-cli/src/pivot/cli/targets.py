"""What the words of a command name: stages, their outputs, directories."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pivot.cli.text import one_line
from pivot.registry.definition import StageDefinition
from pivot.registry.errors import DefinitionError
from pivot.registry.suggest import suggest
from pivot.registry.types import StageRef

LONGEST = 4096
"""No path and no stage's name is longer."""


class Targets:
    """The stages of a project, found by what a person calls them.

    find
      by stage     the word as a name: of the near pipelines first, then of the whole project
      by output    the word as a path: who makes this file, or the directory that it lies in
      by directory the pipelines in this directory, and the stages that write into it
    """

    def __init__(self, stages: Mapping[StageRef, StageDefinition], here: Path, near: Collection[StageRef]) -> None:
        self._stages = stages
        self._here = here
        self._near = near

    def find(self, words: Iterable[str]) -> list[StageRef]:
        """Give the stages that the words name, each once, in the order of the words.

        Raises:
            DefinitionError: a word names nothing, or stages of several pipelines.
        """
        return list(dict.fromkeys(ref for word in words for ref in self._find(word)))

    def one(self, word: str) -> StageRef:
        """Give the only stage that a word names."""
        found = self._find(word)
        if len(found) > 1:
            raise _ambiguous(word, found)
        return found[0]

    def paths(self, words: Iterable[str]) -> list[Path]:
        """Give the outputs that the words name; none if they name only whole stages."""
        words = tuple(words)
        if all(self._by_stage(word) for word in words):
            return []
        return [Path(path) for word in words for path in self._paths(word)]

    def _paths(self, word: str) -> Iterator[str]:
        refs = set(self._find(word))
        meant = None if self._by_stage(word) else self._absolute(word)
        for ref, stage, out in self._outputs():
            if ref in refs:
                full = _join(stage.root, out)
                if meant is None or _within(full, meant) or _within(meant, full) or _within(str(stage.root), meant):
                    yield full

    def _find(self, word: str) -> Sequence[StageRef]:
        _check(word)
        found = self._by_stage(word) or self._by_path(self._absolute(word))
        if not found:
            raise self._unknown(word)
        return found

    def _absolute(self, word: str) -> str:
        return _join(self._here, os.path.expanduser(word))

    def _by_stage(self, word: str) -> Sequence[StageRef]:
        for among in (self._near, self._stages):
            # A whole name comes before variants: `train` may be a stage beside `train@us`.
            for name_of in (str, _stage, _family, _stage_family):
                if found := [ref for ref in among if name_of(ref) == word]:
                    return self._of_one_pipeline(word, found)
        return ()

    @staticmethod
    def _of_one_pipeline(word: str, found: Sequence[StageRef]) -> Sequence[StageRef]:
        if len({ref.pipeline for ref in found}) > 1:
            raise _ambiguous(word, found)
        return found

    def _by_path(self, path: str) -> Sequence[StageRef]:
        made = {_join(stage.root, out): ref for ref, stage, out in self._outputs()}
        if maker := _nearest(path, made):
            return (maker,)
        writers = {ref for out, ref in made.items() if _within(out, path)}
        return [ref for ref, stage in self._stages.items() if ref in writers or _within(str(stage.root), path)]

    def _outputs(self) -> Iterator[tuple[StageRef, StageDefinition, str]]:
        for ref, stage in self._stages.items():
            for output in stage.outputs:
                for path in output.paths:
                    yield ref, stage, path

    def _unknown(self, word: str) -> DefinitionError:
        outputs = {os.path.relpath(os.path.join(stage.root, out), self._here) for _, stage, out in self._outputs()}
        names: set[str] = {ref.stage for ref in self._stages} | {str(ref) for ref in self._stages}
        names |= {name.partition("@")[0] for name in names}
        if meant := suggest(word, sorted(names | outputs)):
            return DefinitionError(f"unknown stage {word!r}", hint=f"Did you mean {meant}?")
        if os.path.lexists(os.path.join(self._here, word)):
            return DefinitionError(f"no stage makes {word!r}", hint="Name an output, or a stage: see `pivot list`.")
        return DefinitionError(f"unknown stage {word!r}", hint="See `pivot list --all`.")


def _stage(ref: StageRef) -> str:
    return ref.stage


def _family(ref: StageRef) -> str:
    """Write what the variants of one stage have in common: `model:train` of `model:train@us`."""
    return str(ref).partition("@")[0]


def _stage_family(ref: StageRef) -> str:
    return ref.stage.partition("@")[0]


def _join(directory: Path, path: str) -> str:
    return os.path.normpath(os.path.join(directory, path))


def _within(path: str, directory: str) -> bool:
    return f"{path}{os.sep}".startswith(directory.rstrip(os.sep) + os.sep)


def _nearest(path: str, made: Mapping[str, StageRef]) -> StageRef | None:
    """Find who makes a path: itself, or a directory above it."""
    while path not in made and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return made.get(path)


def _check(word: str) -> None:
    if not word.strip() or len(word) > LONGEST or any(not char.isprintable() and char < "\x80" for char in word):
        shown = one_line(word if len(word) < 60 else f"{word[:50]}...")
        raise DefinitionError(
            f"'{shown}' is not the name of a stage or a path",
            hint="A name is one line of printable characters: see `pivot help targets`.",
        )


def _ambiguous(word: str, found: Sequence[StageRef]) -> DefinitionError:
    spelled = [str(ref) for ref in found]
    return DefinitionError(
        f"{word!r} is ambiguous: {' and '.join(spelled[:4])}{' and others' if len(spelled) > 4 else ''}",
        hint=f"Say which: {' or '.join(spelled[:4])}.",
    )
