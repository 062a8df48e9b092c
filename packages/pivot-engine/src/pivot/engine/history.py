"""Which runs there were, and what journals tell of each."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from pivot.engine.journal import is_going_on, journals_in
from pivot.engine.records import RunRecord, record_of
from pivot.registry.errors import DefinitionError
from pivot.registry.writing import open_regular, read_regular

_TAIL = 1 << 16
"""Bytes at the end of a journal, of which the last line is enough to list the run."""


class KeptRun(NamedTuple):
    """A run of which there is a journal."""

    id: str
    journals: tuple[Path, ...]
    """One for each pipeline that it concerned."""


def kept_runs(state_dirs: Iterable[Path]) -> list[KeptRun]:
    """List the runs that concerned any of these pipelines, the oldest first."""
    found: dict[str, list[Path]] = {}
    for directory in state_dirs:
        for journal in journals_in(directory):
            found.setdefault(journal.stem, []).append(journal)
    return [KeptRun(run, tuple(journals)) for run, journals in sorted(found.items())]


def find_run(runs: Sequence[KeptRun], word: str) -> KeptRun:
    """Give the run that is meant: `last`, `last~2`, an id, or the beginning of one, with or without its date.

    Raises:
        DefinitionError: there is no such run, or several.
    """
    name, _, back = word.partition("~")
    if name == "last" and (back.isdecimal() or word == "last"):
        if int(back or 0) < len(runs):
            return runs[-1 - int(back or 0)]
        kept = f"only {len(runs)} kept" if runs else "none kept"
        raise DefinitionError(
            f"there is no run {word!r}: {kept}", hint="See `pivot log`; `run.keep_runs` says how many."
        )
    found = [run for run in runs if word and (run.id.startswith(word) or run.id.partition("-")[2].startswith(word))]
    if not found:
        raise DefinitionError(f"there is no run {word!r}", hint="`pivot log` lists the runs.")
    if len(found) > 1:
        some = ", ".join(run.id for run in found[-3:])
        raise DefinitionError(f"{word!r} is the beginning of {len(found)} runs", hint=f"Write more of it: {some}.")
    return found[0]


def glance(run: KeptRun) -> RunRecord:
    """Read how a run ended; of a run that has ended, without its stages."""
    first, last = _ends(run.journals[0])
    if last.get("event") == "run_finished":
        return record_of(run.id, (first, last), going_on=False)
    return read_run(run)


def read_run(run: KeptRun) -> RunRecord:
    """Read all that the journals of a run tell."""
    # Asked first: what ends between two looks must not be taken for killed.
    going_on = any(map(is_going_on, run.journals))
    return record_of(run.id, (event for path in run.journals for event in _events(path)), going_on=going_on)


def _events(journal: Path) -> Iterator[dict[str, Any]]:
    try:
        data = read_regular(journal)
    except OSError:
        return
    yield from map(_parsed, data.splitlines())


def _ends(journal: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parse the first and the last line only."""
    try:
        with open_regular(journal) as file:
            first = file.readline()
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            lines = file.read().splitlines()
    except OSError:
        return {}, {}
    return _parsed(first), _parsed(lines[-1]) if lines else {}


def _parsed(line: bytes) -> dict[str, Any]:
    with suppress(ValueError):
        event = json.loads(line)
        if isinstance(event, dict):
            return event
    return {}
