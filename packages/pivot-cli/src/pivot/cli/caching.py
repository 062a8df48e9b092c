"""What the commands for the cache know of the project: whose lock files those are, and which outputs are meant."""

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pivot.cache import CacheError, Keep, Kept, Revisions, Root
from pivot.cache.revisions import committed
from pivot.cli.logbook import state_dirs
from pivot.cli.opening import Scene
from pivot.engine.keeping import checkout_of
from pivot.engine.repairing import Loss
from pivot.executor.state import state_of


def checkout(scene: Scene) -> Root:
    """Describe the project to the store: the lock files of all pipelines in it, whether they can be loaded or not.

    Raises:
        DefinitionError: there is no pipeline, so nothing would be kept.
    """
    return checkout_of(scene.project.root, state_dirs(scene, everything=True))


def speller(scene: Scene) -> Callable[[Kept], str]:
    """Say which stage a lock file is of; of other projects, where it lies."""
    root = str(scene.project.root)
    names = {str(state_of(stage).lock_path): scene.spelling(ref) for ref, stage in scene.stages.items()}

    def spell(held: Kept) -> str:
        commit, _, path = held.file.rpartition(":")
        name = names.get(os.path.join(held.place, path), path)
        place = "" if held.place == root else f" in {held.place}"
        return f"{name}{f' at {commit}' if commit else ''}{place}".strip()

    return spell


def past_names(scene: Scene) -> Mapping[str, str]:
    """Say of each digest in committed lock files of this project which output it was, and at which commit."""
    spell: Callable[[Kept], str] = speller(scene)
    names: dict[str, str] = {}
    with contextlib.suppress(CacheError):  # without git, nobody knows
        for file in committed(checkout(scene), Revisions(all_commits=True), ignore_broken=True):
            held = Kept(Keep.REVISION, str(scene.project.root), file.file, 0, 0)
            names.update({digest: f"{what} ({spell(held)})" for digest, what in file.names.items()})
    return names


def names_of(scene: Scene, found: Iterable[Loss]) -> Mapping[str, Sequence[str]]:
    """Say of each digest that is lost which outputs need it."""
    names: dict[str, list[str]] = {}
    for loss in found:
        for digest in (loss.digest, *loss.lost):
            names.setdefault(digest, []).append(spelled(scene, loss))
    return {digest: list(dict.fromkeys(outputs)) for digest, outputs in names.items()}


def spelled(scene: Scene, loss: Loss) -> str:
    """Write an output with the stage that makes it."""
    return f"{loss.path} ({scene.spelling(loss.ref)})"


def loss_data(found: Iterable[Loss]) -> list[dict[str, Any]]:
    """Give losses as JSON values."""
    return [
        {"pipeline": loss.ref.pipeline, "stage": loss.ref.stage, "path": loss.path, "digest": loss.digest}
        | {"lost": list(loss.lost), "in_place": loss.in_place, "healed": loss.healed}
        for loss in found
    ]
