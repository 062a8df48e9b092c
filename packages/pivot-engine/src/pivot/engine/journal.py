"""Journals: what happened in each run, kept in the state directory of each pipeline that it concerned."""

import fcntl
import os
import re
import time
from contextlib import suppress
from pathlib import Path

from pivot.engine.events import RunStarted
from pivot.engine.wire import line_of
from pivot.registry.types import StateDir
from pivot.registry.writing import open_regular, opened

RUN_ID = re.compile(r"\d{8}T\d{6}-[0-9a-f]+")
_LOCK_TRIES = 5


def new_run_id() -> str:
    """Name a run; the names sort by time, to the millisecond, and that is all they are good for."""
    now = time.time_ns()
    second, milliseconds = divmod(now // 1_000_000, 1000)
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(second))}-{milliseconds:03}{os.urandom(2).hex()}"


class Journal:
    """One pipeline's journal of one run: a line for each event, written at once, so that a kill tears at most one.

    While the run lasts its file is locked; the lock vanishes with the process, so that a run that was killed can be
    told from one that still goes on. A run does not fail because its journal cannot be written.
    """

    def __init__(self, state_dir: StateDir, head: RunStarted) -> None:
        self.state_dir = state_dir
        self.error: OSError | None = None
        self._file: int | None = None
        try:
            self._file = _locked(state_dir / "runs" / f"{head.run_id}.jsonl")
        except OSError as error:
            self.error = error
        self.write(line_of(head))

    def write(self, line: str) -> None:
        """Add a line."""
        if self._file is None or self.error is not None:
            return
        data = line.encode("utf-8", "backslashreplace")
        try:
            if os.write(self._file, data) < len(data):
                self.error = OSError("no space left for the journal")
        except OSError as error:
            self.error = error

    def close(self) -> None:
        """Say that nothing more will come."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _locked(path: Path) -> int:
    descriptor = opened(str(path), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            time.sleep(0.001)  # a reader looks whether anybody holds it
        except OSError:
            break  # a file system without locks
    return descriptor


def is_going_on(journal: Path) -> bool:
    """Tell whether the run that a journal is of has not ended: its process holds the file's lock."""
    try:
        with open_regular(journal) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def prune(state_dir: Path, keep: int) -> None:
    """Delete the journals and logs of all but the newest runs. What cannot be deleted stays."""
    runs = journals_in(state_dir)
    old = {path.stem for path in runs[:-keep] if not is_going_on(path)}
    kept = {path.stem for path in runs} - old
    with suppress(OSError):
        for logs in os.listdir(state_dir / "logs"):
            # Logs newer than every journal are of a run that is just beginning.
            if RUN_ID.fullmatch(logs) and logs not in kept and (logs in old or logs < min(kept, default="")):
                import shutil  # imports three libraries for archives

                shutil.rmtree(state_dir / "logs" / logs, ignore_errors=True)
    for path in runs:
        if path.stem in old:
            with suppress(OSError):
                path.unlink()


def journals_in(state_dir: Path) -> list[Path]:
    """List the journals of a pipeline, the oldest first."""
    directory = state_dir / "runs"
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return []
    return [directory / name for name in names if name.endswith(".jsonl") and RUN_ID.fullmatch(name[:-6])]
