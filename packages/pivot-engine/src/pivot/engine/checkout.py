"""Put outputs into the work tree as the lock files say, without running anything."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pivot.cache import Cache, MissingError
from pivot.executor.state import StageState, state_of
from pivot.executor.trace import Artifact, UnreadableTraceError
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


class Checkouts:
    """Restores outputs, stage by stage."""

    def __init__(self, cache: Cache, workspace: Workspace, run_id: str) -> None:
        self._cache = cache
        self._workspace = workspace
        self._run_id = run_id
        self._restored: list[tuple[StageRef, str]] = []
        self._missing: list[tuple[StageRef, str]] = []
        self._unrecorded: list[StageRef] = []
        self._present = 0

    def of(self, stages: Iterable[StageDefinition], paths: frozenset[str] = frozenset()) -> Checkout:
        """Restore the outputs of these stages; of them only those at `paths` (absolute), if there are any."""
        for stage in stages:
            self._stage(stage, paths)
        return Checkout(tuple(self._restored), self._present, tuple(self._missing), tuple(self._unrecorded))

    def _stage(self, stage: StageDefinition, paths: frozenset[str]) -> None:
        state = state_of(stage)
        try:
            trace = state.read()
        except UnreadableTraceError:
            trace = None
        if trace is None:
            self._unrecorded.append(stage.ref)
            return
        declared = {path for out in stage.outputs for path in out.paths}
        for path in sorted(declared & set(trace.outs)):
            full = absolute(stage.root, path)
            if not paths or full in paths:
                self._one(state, path, full, trace.outs[path])

    def _one(self, state: StageState, path: str, full: str, artifact: Artifact) -> None:
        here = self._workspace.content(full)
        if here is not None and here.digest == artifact.digest:
            self._present += 1
        elif not self._cache.has(artifact.digest):
            self._missing.append((state.ref, path))
        else:
            try:
                self._replace(state, full, here, artifact)
                self._restored.append((state.ref, path))
            except MissingError:
                self._missing.append((state.ref, path))

    def _replace(self, state: StageState, full: str, here: Artifact | None, artifact: Artifact) -> None:
        """Restore over what is there. Content that no store has is somebody's work: it goes to the trash."""
        if here is not None and not self._cache.has(here.digest):
            trash = state.trash(self._run_id)
            trash.mkdir(parents=True, exist_ok=True)
            os.rename(full, trash / os.path.basename(full))
        Path(full).parent.mkdir(parents=True, exist_ok=True)
        self._cache.restore(artifact.digest, Path(full))
