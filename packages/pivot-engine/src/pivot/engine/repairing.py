"""Outputs of which the store has lost something, and the good copies of them that lie in the work tree."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pivot.cache import Cache, Digest, MissingError, UnsafeTreeError
from pivot.executor.state import state_of
from pivot.executor.trace import Artifact, UnreadableTraceError
from pivot.executor.workspace import Workspace, absolute
from pivot.registry.definition import StageDefinition
from pivot.registry.types import StageRef


class Loss(NamedTuple):
    """An output that the store cannot give back as a lock file says."""

    ref: StageRef
    path: str
    """Relative to the pipeline's root."""
    digest: Digest
    lost: tuple[Digest, ...]
    """What the store lacks of it: itself, or files of a directory."""
    in_place: bool
    """Whether the work tree has it."""
    healed: bool = False


def losses(stages: Iterable[StageDefinition], cache: Cache, *, repair: bool = False) -> Iterator[Loss]:
    """Find the outputs that the store lacks; with `repair`, store those again that lie in the work tree unchanged."""
    workspace = Workspace(cache)
    for stage in stages:
        try:
            trace = state_of(stage).read()
        except UnreadableTraceError:
            continue  # a run says so
        for path, artifact in ({} if trace is None else trace.outs).items():
            lost = _lost(artifact.digest, cache)
            if lost:
                full = absolute(stage.root, path)
                in_place = workspace.content(full) == artifact
                healed = repair and in_place and _heal(full, artifact, cache)
                yield Loss(stage.ref, path, artifact.digest, lost, in_place, healed)


def _lost(digest: Digest, cache: Cache) -> tuple[Digest, ...]:
    if cache.has(digest):
        return ()
    try:
        files = cache.tree(digest).files if digest.startswith("b3t:") else iter(())
        return tuple(dict.fromkeys(each.digest for each in files if not cache.has(each.digest))) or (digest,)
    except (MissingError, UnsafeTreeError):
        return (digest,)


def _heal(path: str, artifact: Artifact, cache: Cache) -> bool:
    # Read again while it is stored: that its stat is as it was is no proof of what it holds.
    cache.put(path)
    return cache.has(artifact.digest)
