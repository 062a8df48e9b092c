"""Put outputs into the work tree as the lock files say, without running anything."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from pivot.cache import Cache, MissingError
from pivot.executor.artifacts import put_back
from pivot.executor.locking import Waiting
from pivot.executor.pathlocks import Locks
from pivot.executor.settings import EngineSettings
from pivot.executor.state import StageState, state_of, thrown_by
from pivot.executor.trace import Artifact, Trace, UnreadableTraceError
from pivot.executor.workspace import Workspace, absolute
from pivot.registry.definition import StageDefinition
from pivot.registry.types import StageRef


class Checkout(NamedTuple):
    """What was done, by path relative to the pipeline's root."""

    restored: tuple[tuple[StageRef, str], ...] = ()
    present: int = 0
    """Outputs that were already as they should be."""
    missing: tuple[tuple[StageRef, str], ...] = ()
    """Outputs that no store here has: run their stages."""
    unrecorded: tuple[StageRef, ...] = ()
    """Stages without a lock file that can be used: they never ran."""
    trash: tuple[Path, ...] = ()
    """Where that is which was in the way and nobody else may have."""


class Checkouts:
    """Restores outputs, stage by stage."""

    def __init__(
        self, cache: Cache, workspace: Workspace, run_id: str, settings: EngineSettings, waiting: Waiting
    ) -> None:
        self._cache = cache
        self._settings = settings
        self._waiting = waiting
        self._workspace = workspace
        self._run_id = run_id
        self._restored: list[tuple[StageRef, str]] = []
        self._missing: list[tuple[StageRef, str]] = []
        self._unrecorded: list[StageRef] = []
        self._present = 0

    def of(self, stages: Iterable[StageDefinition], paths: frozenset[str] = frozenset()) -> Checkout:
        """Restore the outputs of these stages; of them only those at `paths` (absolute), if there are any."""
        state_dirs: dict[Path, None] = {}
        with closing(Locks()) as locks:
            for stage in stages:
                self._stage(stage, paths, locks)
                state_dirs[stage.state_dir] = None
        return Checkout(
            tuple(self._restored),
            self._present,
            tuple(self._missing),
            tuple(self._unrecorded),
            thrown_by(self._run_id, state_dirs),
        )

    def _stage(self, stage: StageDefinition, paths: frozenset[str], locks: Locks) -> None:
        trace = _trace_of(stage)
        if trace is None:
            self._unrecorded.append(stage.ref)
            return
        wanted = _wanted(stage, trace, paths)
        wrong = [path for path in wanted if not self._is_there(absolute(stage.root, path), trace.outs[path])]
        self._present += len(wanted) - len(wrong)
        if wrong:
            with locks.of(stage, state_of(stage), (), self._settings, self._waiting):
                self._put_back(stage, wrong)

    def _put_back(self, stage: StageDefinition, paths: list[str]) -> None:
        """Restore what was not in place; another process may have been at it until just now."""
        self._workspace.forget(absolute(stage.root, path) for path in paths)
        trace = _trace_of(stage)
        for path in paths:
            if trace is not None and path in trace.outs:
                self._one(state_of(stage), path, absolute(stage.root, path), trace.outs[path])

    def _is_there(self, full: str, artifact: Artifact) -> bool:
        here = self._workspace.content(full)
        return here is not None and here.digest == artifact.digest

    def _one(self, state: StageState, path: str, full: str, artifact: Artifact) -> None:
        here = self._workspace.content(full)
        if self._is_there(full, artifact):
            self._present += 1
        elif not self._cache.has(artifact.digest):
            self._missing.append((state.ref, path))
        else:
            try:
                put_back(full, here, artifact, self._cache, state.trash(self._run_id))
                self._restored.append((state.ref, path))
            except MissingError:
                self._missing.append((state.ref, path))


def _trace_of(stage: StageDefinition) -> Trace | None:
    try:
        return state_of(stage).read()
    except UnreadableTraceError:
        return None


def _wanted(stage: StageDefinition, trace: Trace, paths: frozenset[str]) -> list[str]:
    declared = {path for out in stage.outputs for path in out.paths}
    found = sorted(declared & set(trace.outs))
    return [path for path in found if not paths or absolute(stage.root, path) in paths]
