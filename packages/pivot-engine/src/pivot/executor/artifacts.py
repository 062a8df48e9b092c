"""The files of one stage around one run: what was there is kept aside, what the function made is saved and stored."""

import contextlib
import errno
import itertools
import os
import stat
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pivot.cache import Cache, CacheError, ChangedError, MissingError
from pivot.executor.core import WorkerStageInfo
from pivot.executor.raised import LoaderError
from pivot.executor.state import StageState, is_folder
from pivot.executor.trace import Artifact, Trace
from pivot.executor.workspace import absolute, absolute_paths, output_paths
from pivot.registry.definition import Output, OutputKind, StageDefinition
from pivot.registry.errors import PivotError

if TYPE_CHECKING:
    from pivot.outputs import Out


class StageError(Exception):
    """The stage did not keep to what it declares; the message is for people."""


class Cleared:
    """Runs with the output paths empty; if that fails, the previous outputs come back.

    They are moved, not deleted: content that no trace names is somebody's own, and ends in the trash. Moving also
    keeps a stage from writing through a link into the store, and shows which outputs it did not make.
    """

    def __init__(
        self, stage: StageDefinition, state: StageState, known: Collection[str], cache: Cache, run_id: str
    ) -> None:
        """`known` are the paths at which there is what the last run has made."""
        self._stage, self._state, self._known, self._cache, self._run_id = stage, state, known, cache, run_id
        self._paths = [path for out in stage.outputs if out.kind is not OutputKind.INCREMENTAL for path in out.paths]

    def __enter__(self) -> None:
        _recover(self._stage, self._state, self._run_id)
        self._moved = _move_aside(self._stage, self._state, self._paths)

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            _discard_new(self._stage, self._paths)
            _put_back(self._stage, self._state, self._paths)
        elif self._moved:
            _drop(self._stage, self._state, lambda path, _: path in self._known, self._cache, self._run_id)


def _recover(stage: StageDefinition, state: StageState, run_id: str) -> None:
    """Deal with what a killed run left: put back what is missing, keep the rest in the trash."""
    if state.is_unfinished:
        paths = [path for out in stage.outputs for path in out.paths]
        _put_back(stage, state, [path for path in paths if not os.path.lexists(absolute(stage.root, path))])
        if state.is_unfinished:
            _to_trash(state.aside, state.trash(run_id))


def _slot(state: StageState, path: str) -> Path:
    return state.aside / path.replace("%", "%25").replace("/", "%2F")


def _move_aside(stage: StageDefinition, state: StageState, paths: list[str]) -> bool:
    """Move what there is, and tell whether there was anything."""
    moved = False
    for path, full in zip(paths, absolute_paths(stage.root, paths), strict=True):
        if os.path.lexists(full):
            moved = True
            state.aside.mkdir(parents=True, exist_ok=True)
            move(full, str(_slot(state, path)))
        elif not is_folder(folder := os.path.dirname(full)):
            os.makedirs(folder, exist_ok=True)
    return moved


def _put_back(stage: StageDefinition, state: StageState, paths: list[str]) -> None:
    for path in paths:
        slot = _slot(state, path)
        if os.path.lexists(slot):
            move(str(slot), absolute(stage.root, path))
    with contextlib.suppress(OSError):
        state.aside.rmdir()


def _discard_new(stage: StageDefinition, paths: list[str]) -> None:
    for path in paths:
        remove(absolute(stage.root, path))


def tidy(stage: StageDefinition, state: StageState, before: Trace | None, cache: Cache, run_id: str) -> None:
    """Let go of what a killed run left, the outputs being as they should be."""
    for path in output_paths(stage):
        remove(temporary(absolute(stage.root, path)))
    known = {} if before is None else before.outs
    _drop(stage, state, lambda path, slot: path in known and _is(slot, known[path], cache), cache, run_id)


def _drop(
    stage: StageDefinition, state: StageState, known: Callable[[str, str], bool], cache: Cache, run_id: str
) -> None:
    """Delete of what was moved aside what the last run made, or the store has; the rest goes to the trash.

    Whoever goes from one branch to another has outputs in place that the lock files of this one do not name.
    """
    if not state.is_unfinished:
        return
    for path in output_paths(stage):
        slot = str(_slot(state, path))
        if os.path.lexists(slot) and (known(path, slot) or _is_kept(slot, cache)):
            remove(slot)
    _to_trash(state.aside, state.trash(run_id))


def _is(path: str, artifact: Artifact, cache: Cache) -> bool:
    return _digest(path, cache) == artifact.digest


def _is_kept(path: str, cache: Cache) -> bool:
    digest = _digest(path, cache)
    return digest is not None and cache.has(digest)


def _digest(path: str, cache: Cache) -> str | None:
    with contextlib.suppress(CacheError):  # such as a link, which is nothing that was stored
        return cache.measure(path).digest
    return None


def put_back(full: str, here: Artifact | None, artifact: Artifact, cache: Cache, trash: Path) -> None:
    """Restore over what is there. Content that no store has is somebody's work: it goes to the trash."""
    if here is not None and not cache.has(here.digest):
        throw_away(full, trash)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    cache.restore(artifact.digest, Path(full))


def _to_trash(directory: Path, trash: Path) -> None:
    if any(directory.iterdir()):
        trash.parent.mkdir(parents=True, exist_ok=True)
        directory.rename(_free(trash))
    else:
        directory.rmdir()


def _free(path: Path) -> Path:
    """Give a name that nothing has: one run may throw away twice, what a killed run left and what it replaces."""
    names = (path.with_name(f"{path.name}~{number}") for number in itertools.count(1))
    return next(name for name in itertools.chain([path], names) if not name.exists())


def move(path: str, target: str) -> None:
    """Give a file or directory another name, also where a state directory lies on another file system."""
    try:
        os.rename(path, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        import shutil  # imports three libraries for archives

        shutil.move(path, target)


def remove(path: str) -> None:
    """Delete a file, a link or a directory, if there is one."""
    if os.path.isdir(path) and not os.path.islink(path):
        import shutil  # as above

        shutil.rmtree(path)
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def restore_incremental(
    stage: StageDefinition, state: StageState, before: Trace | None, cache: Cache, run_id: str
) -> list[str]:
    """Put incremental outputs back as the last run left them, so that an interrupted one is not built upon.

    Name those of which that is nowhere any more: they begin anew. To fail instead would leave nothing to be done but
    to delete the lock file, in every clone of the project too, for outputs are not in git.
    """
    anew = []
    for path in [path for out in stage.outputs if out.kind is OutputKind.INCREMENTAL for path in out.paths]:
        full = absolute(stage.root, path)
        kept = None if before is None else before.outs.get(path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        if kept is None or not _is_as(kept, full, cache):
            anew.extend([] if kept is None else [path])
            throw_away(full, state.trash(run_id))
    return anew


def _is_as(kept: Artifact, full: str, cache: Cache) -> bool:
    """Put kept content in place; if nobody keeps it, what lies there may be the only copy."""
    try:
        cache.restore(kept.digest, Path(full))
    except MissingError:
        if not os.path.lexists(full) or not _is(full, kept, cache):
            return False
        with contextlib.suppress(CacheError):
            cache.store(full)  # the stage changes it in place, and may fail
    return True


def throw_away(full: str, trash: Path) -> None:
    """Move to the trash what nobody else may have."""
    if os.path.lexists(full):
        trash = _free(trash)
        trash.mkdir(parents=True)
        move(full, str(trash / os.path.basename(full)))


Unrecorded = Callable[[], contextlib.AbstractContextManager[None]]
"""Leaves what pivot itself does out of what the stage was seen to use."""


def save(stage: StageDefinition, info: WorkerStageInfo, result: Any, unrecorded: Unrecorded) -> None:
    """Write what the function returned through the loaders, each output whole or not at all."""
    for output in stage.outputs:
        out = info["outs"][output.key]
        if not out.loader.hands_paths:
            for path, value in _values(output, _pick(output, result)).items():
                try:
                    _save_one(out, absolute(stage.root, path), value, unrecorded)
                except (StageError, PivotError):
                    raise
                except BaseException as error:
                    raise LoaderError(f"its output {path} could not be saved") from error
        with unrecorded():
            for path in output.paths:
                _check_made(output, path, absolute(stage.root, path))


def _pick(output: Output, result: Any) -> Any:
    if output.key == "return":
        return result
    if isinstance(result, Mapping):
        if output.key in result:
            return result[output.key]
    elif hasattr(result, output.key):
        return getattr(result, output.key)
    made = f"the keys {sorted(result)}" if isinstance(result, Mapping) else f"a {type(result).__name__}"
    raise StageError(f"it returned {made}, without its output {output.key!r}")


def _values(output: Output, value: Any) -> dict[str, Any]:
    """Match an output's paths with the values for them."""
    if not output.many:
        return {output.paths[0]: value}
    if not isinstance(value, list | tuple) or len(value) != len(output.paths):
        raise StageError(f"output {output.key!r} has {len(output.paths)} paths and needs a list of as many values")
    return dict(zip(output.paths, value, strict=True))


def _save_one(out: "Out[Any]", path: str, value: Any, unrecorded: Unrecorded) -> None:
    """Save beside the target and rename."""
    beside = temporary(path)
    with unrecorded():
        remove(beside)  # what a killed run has left
    try:
        out.save(value, Path(beside))
        with unrecorded():
            if os.path.isdir(beside):
                remove(path)
            os.replace(beside, path)
    finally:
        with unrecorded():
            remove(beside)


def temporary(path: str) -> str:
    """Name the file that becomes an output. It ends like the output: some writers look at the suffix.

    Always the same name: only who holds the stage's lock saves, and finds what a killed run has left.
    """
    head, slash, tail = path.rstrip("/").rpartition("/")
    return f"{head}{slash}.pivot-{tail}"


def _check_made(output: Output, path: str, full: str) -> None:
    try:
        mode = os.lstat(full).st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise StageError(f"it did not make its output {path}") from None
    found = _kind(mode)
    wanted = "a directory" if output.kind is OutputKind.DIRECTORY else "a file"
    either = output.kind is OutputKind.INCREMENTAL and found == "a directory"
    if found != wanted and not either:
        raise StageError(f"its output {path} is declared as {wanted}, and is {found}")


def _kind(mode: int) -> str:
    """Say what lies at a path. A link is none of what is stored: what it leads to may be anywhere."""
    names = {
        stat.S_IFREG: "a file",
        stat.S_IFDIR: "a directory",
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFIFO: "a pipe",
    }
    return names.get(stat.S_IFMT(mode), "a socket" if stat.S_ISSOCK(mode) else "a device")


def store(stage: StageDefinition, cache: Cache) -> dict[str, Artifact]:
    """Put every output into the store; a metric's few bytes too, to restore the stage with.

    Raises:
        StageError: one is not left alone meanwhile.
    """
    paths = [path for out in stage.outputs for path in out.paths]
    full = absolute_paths(stage.root, paths)
    try:
        stored = cache.store_many(full)
    except ChangedError as error:
        what = str(error).partition("\n")[0].removeprefix(f"{stage.root}/")
        raise StageError(f"its output {what}, to be stored{_WRITING}") from None
    except FileNotFoundError:
        gone = [path for path, place in zip(paths, full, strict=True) if not os.path.lexists(place)]
        if not gone:
            raise
        raise StageError(f"its output {gone[0]} vanished while it was stored{_WRITING}") from None
    return {path: Artifact(item.digest, item.size) for path, item in zip(paths, stored, strict=True)}


_WRITING = "; a thread or a process that it has started may still be at work"
