"""What stages wrote: the log of a stage's last run, or as it grows."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pivot.engine.history import KeptRun, kept_runs, read_run
from pivot.engine.journal import is_going_on
from pivot.engine.records import RunRecord, StageRecord
from pivot.executor.state import state_of
from pivot.registry.definition import StageDefinition
from pivot.registry.types import StageRef
from pivot.registry.writing import open_regular, read_regular

_CALLED = frozenset({"ran", "failed", "killed", "running"})
"""What became of stages whose function was called: only these have written anything."""
_PAUSE = 0.1
_CHUNK = 1 << 16


class StageLog(NamedTuple):
    """What a stage wrote in one run."""

    run: RunRecord
    stage: StageRecord
    path: Path
    """Empty, or no file at all, if it wrote nothing."""
    journal: Path


class Told(NamedTuple):
    """What is known of a stage's runs."""

    log: StageLog | None
    """Of the last run in which it was called; None if there is none."""
    restored: RunRecord | None
    """The last run, if the stage was restored in it rather than called."""


def find_log(stage: StageDefinition, runs: Sequence[KeptRun] | None = None) -> Told:
    """Find the last run of a stage, among these or all that are kept."""
    restored = None
    for kept in reversed(kept_runs([stage.state_dir]) if runs is None else runs):
        own = [journal for journal in kept.journals if journal.parent.parent == stage.state_dir]
        if not own or not _mentions(own[0], stage.ref):
            continue
        run = read_run(KeptRun(kept.id, (own[0],)))
        record = run.stages.get(stage.ref)
        if record is not None and record.status in _CALLED:
            return Told(StageLog(run, record, Path(state_of(stage).log_path(run.id)), own[0]), restored)
        if record is not None and record.status == "restored" and restored is None:
            restored = run
    return Told(None, restored)


def _mentions(journal: Path, ref: StageRef) -> bool:
    """Tell whether a journal may be about a stage: much cheaper than reading it."""
    with suppress(OSError):
        return json.dumps(ref.stage, ensure_ascii=False).encode("utf-8", "backslashreplace") in read_regular(journal)
    return False


def pieces(path: Path) -> Iterator[bytes]:
    """Give what a log holds, piece by piece; nothing if there is no log."""
    return follow(path, lambda: True)


def follow(
    path: Path, is_over: Callable[[], bool], pause: Callable[[], None] = lambda: time.sleep(_PAUSE)
) -> Iterator[bytes]:
    """Give what a log holds, and what comes to it until it is over."""
    read = 0
    while True:
        over = is_over()  # asked first: what was written before the end must not be missed
        for piece in _from(path, read):
            read += len(piece)
            yield piece
        if over:
            return
        pause()


def _from(path: Path, start: int) -> Iterator[bytes]:
    """Read from a place on. The file is opened anew: one that stayed empty becomes the log of another stage."""
    with suppress(FileNotFoundError), open_regular(path) as file:
        file.seek(start)
        while piece := file.read(_CHUNK):
            yield piece


class Ending:
    """Whether a stage of a running run is done, read off what comes to the run's journal."""

    def __init__(self, log: StageLog) -> None:
        self._journal = log.journal
        self._ref = log.stage.ref
        self._read = 0
        self._over = False

    def __call__(self) -> bool:
        going_on = is_going_on(self._journal)
        self._over = self._over or self._is_told() or not going_on
        return self._over

    def _is_told(self) -> bool:
        with suppress(OSError), open_regular(self._journal) as file:
            file.seek(self._read)
            whole, newline, _ = file.read().rpartition(b"\n")
            self._read += len(whole) + len(newline)
            return any(map(self._is_end, whole.splitlines()))
        return False

    def _is_end(self, line: bytes) -> bool:
        with suppress(ValueError, AttributeError):
            event: Mapping[str, object] = json.loads(line)
            who = event.get("pipeline"), event.get("stage")
            return event.get("event") == "stage_finished" and who == tuple(self._ref)
        return False
