"""One stage's corner of one pipeline's state directory: its lock file, its OS lock, its log, what it left unfinished.

This is the only way to write state. No function takes a directory and a stage name, so none can be handed the wrong
pair, and a worker that holds a `StageState` can reach no other pipeline's state.
"""

import contextlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from pivot.executor.bytelocks import ALONE, Held, place
from pivot.executor.kept import KeptOpen
from pivot.executor.trace import Trace, UnreadableTraceError, decode, encode
from pivot.registry.definition import StageDefinition
from pivot.registry.errors import StateError
from pivot.registry.types import StageRef, StateDir
from pivot.registry.writing import forget_unfinished, opened, read_regular, write_whole

IGNORED = "# Written by pivot: what is local to this machine.\n*\n!.gitignore\n!config.yaml\n!stages/\n!stages/*.lock\n"

_PLAIN = re.compile(r"[^A-Za-z0-9_.@=+,-]")


class StageState:
    """The corner of one stage."""

    def __init__(self, ref: StageRef, directory: StateDir) -> None:
        self.ref = ref
        # As text: making path objects of each cost a stage as much as writing its lock file.
        self._directory = str(directory)
        self._name = file_name(ref.stage)

    @property
    def lock_path(self) -> Path:
        """The lock file: committed, equal on every machine."""
        return Path(self._lock)

    @property
    def aside(self) -> Path:
        """Where the previous outputs wait while the stage runs. It is here only while a run is unfinished."""
        return Path(self._aside)

    @property
    def is_unfinished(self) -> bool:
        """Whether a run has moved outputs aside: it goes on, or was killed."""
        return is_folder(self._aside)

    @property
    def is_pending(self) -> bool:
        """Whether outputs wait to be stored."""
        return os.access(self._pending, os.F_OK)  # see `is_folder`

    @property
    def _aside(self) -> str:
        return f"{self._directory}/inflight/{self._name}"

    @property
    def _lock(self) -> str:
        return f"{self._directory}/stages/{self._name}.lock"

    @property
    def _pending(self) -> str:
        return f"{self._directory}/pending/{self._name}.lock"

    def log_path(self, run_id: str) -> str:
        """Where the stage's own output of one run goes."""
        return f"{self._directory}/logs/{run_id}/{self._name}.log"

    def trash(self, run_id: str) -> Path:
        """Where content goes that nobody else has."""
        return trash_of(self._directory) / run_id / self._name

    def read(self) -> Trace | None:
        """Read what was true when the stage last ran; None if it never did.

        Raises:
            UnreadableTraceError: there is a lock file that cannot be believed.
        """
        return self._read(self._lock)

    def read_pending(self) -> Trace | None:
        """Read of what the outputs wait to be stored; None if there is nothing that can be believed."""
        try:
            return self._read(self._pending)
        except UnreadableTraceError:
            return None

    def _read(self, path: str) -> Trace | None:
        try:
            return decode(self.ref.stage, _read_text(path))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableTraceError(f"it cannot be read ({error})") from None

    def record(self, trace: Trace, *, first: bool = False) -> None:
        """Write the lock file: the commit point; hold the OS lock. A kill leaves the old or the new file, whole.

        One that says so already is left alone: git sees no change, and a kill leaves nothing behind that no later run
        would come to write over. `first`: there is none that could be read.
        """
        text, lock = encode(self.ref.stage, trace), self._lock
        if not first and _says(lock, text):
            forget_unfinished(lock)
        else:
            write_whole(lock, text.encode(), alone=True)

    def record_pending(self, trace: Trace) -> None:
        """Write down a run whose outputs lie in the workspace only; hold the OS lock."""
        write_whole(self._pending, encode(self.ref.stage, trace).encode(), alone=True)

    def forget_pending(self) -> None:
        """Let go of outputs that waited: they are stored, or are to be computed again."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._pending)

    def lock(self, held: Held, running: KeptOpen) -> None:
        """Take the stage's OS lock: it runs once at a time. The lock vanishes with its owner, however it ends."""
        held.take(running.at(f"{self._directory}/locks/running"), place(self.ref.stage), ALONE)


def running_locks() -> KeptOpen:
    """Give the file of the stages' OS locks, of one pipeline at a time."""
    return KeptOpen(lambda path: opened(path, os.O_RDWR | os.O_CREAT))


def is_folder(path: str) -> bool:
    """Tell whether there is a directory at a path."""
    # Not by a stat: to make an object of all that it says takes longer than to ask the system.
    return os.access(f"{path}/", os.F_OK)


def _read_text(path: str | Path) -> str:
    return read_regular(path).decode()


def _says(path: str, text: str) -> bool:
    try:
        return _read_text(path) == text
    except (OSError, UnicodeDecodeError):
        return False


def unfinished(state_dir: StateDir) -> frozenset[str]:
    """Name the stages, as `file_name` does, of which a run has moved outputs aside: it goes on, or was killed."""
    return _names_in(state_dir / "inflight")


def recorded(state_dir: StateDir) -> frozenset[str]:
    """Name the stages, as `file_name` does, that have a lock file."""
    return frozenset([name.removesuffix(".lock") for name in _names_in(state_dir / "stages")])


def _names_in(directory: Path) -> frozenset[str]:
    try:
        return frozenset(os.listdir(directory))
    except OSError:
        return frozenset()


def file_name(stage: str) -> str:
    """Turn a stage's name into a file name, one to one and readable."""
    if not _PLAIN.search(stage):
        return stage
    return _PLAIN.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), stage)


def trash_of(state_dir: str | Path) -> Path:
    """Where the trash of a pipeline is: a folder for each run, in it one for each stage."""
    return Path(state_dir, "trash")


def thrown_by(run_id: str, state_dirs: Iterable[Path]) -> tuple[Path, ...]:
    """Give the folders in which there is what a run has replaced and nobody else may have."""
    folders = (trash_of(state_dir) / run_id for state_dir in state_dirs)
    return tuple([folder for folder in folders if folder.exists()])


def state_of(stage: StageDefinition) -> StageState:
    """Give the corner that is a stage's own."""
    return StageState(stage.ref, stage.state_dir)


def claim(stage: StageDefinition) -> None:
    """Make the state directory of a stage's pipeline, or check that it is that pipeline's.

    Raises:
        StateError: the directory keeps the state of another pipeline.
    """
    owner = stage.state_dir / "owner.json"
    try:
        name = json.loads(_read_text(owner))["pipeline"]
    except FileNotFoundError:
        _found(stage, owner)
        return
    except (OSError, ValueError, TypeError, KeyError):
        name = None
    if name != stage.ref.pipeline:
        raise StateError(
            f"{stage.state_dir} keeps the state of pipeline {name!r}, not of {stage.ref.pipeline!r}",
            where=stage.place,
            hint=f"Give each pipeline a root of its own; if you renamed this one, delete {owner}.",
        )


def _found(stage: StageDefinition, owner: Path) -> None:
    ignore = stage.state_dir / ".gitignore"
    if not ignore.exists():
        write_whole(str(ignore), IGNORED.encode())
    write_whole(str(owner), (json.dumps({"pipeline": stage.ref.pipeline}) + "\n").encode())
