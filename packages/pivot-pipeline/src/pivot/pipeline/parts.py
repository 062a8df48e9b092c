"""The stages of one pipeline as they were at one moment; what `include` keeps, and what identities are made of."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pivot.registry.errors import DefinitionError
from pivot.registry.registration import RegistryStageInfo
from pivot.registry.suggest import hint_for
from pivot.registry.types import PipelineName, StageName, StageRef, StateDir


class Part(NamedTuple):
    """One pipeline's own stages."""

    name: PipelineName
    root: Path
    state_dir: StateDir
    stages: Mapping[str, RegistryStageInfo]

    def ref(self, stage: str) -> StageRef:
        """Give the identity of one of the stages."""
        return StageRef(self.name, StageName(stage))


def joined(parts: Sequence[Part], more: Iterable[Part]) -> tuple[Part, ...]:
    """Add parts to parts; the same pipeline (name and root) twice is one, with the stages of both.

    Raises:
        DefinitionError: two different pipelines have one name or one root.
    """
    known = {part.name: part for part in parts}
    for part in more:
        if (other := known.get(part.name)) is not None and other.root == part.root:
            known[part.name] = part._replace(stages={**other.stages, **part.stages})
            continue
        _refuse_clash(part, known.values())
        known[part.name] = part
    return tuple(known.values())


def _refuse_clash(part: Part, others: Iterable[Part]) -> None:
    for other in others:
        if other.name == part.name:
            raise DefinitionError(
                f"two pipelines are called {part.name!r}: one in {other.root}, one in {part.root}",
                hint="Give one of them another name.",
            )
        if other.root == part.root:
            raise DefinitionError(
                f"the pipelines {other.name!r} and {part.name!r} have one root, {part.root}",
                hint="Give each pipeline a directory of its own: its state lives there.",
            )


def spelled(parts: Sequence[Part]) -> dict[str, tuple[Part, str]]:
    """Name every stage: `train` for those of the first part and where it is clear, else `model:train`."""
    own, included = parts[0], parts[1:]
    count = Counter(stage for part in included for stage in part.stages)
    names: dict[str, tuple[Part, str]] = {stage: (own, stage) for stage in own.stages}
    for part in included:
        for stage in part.stages:
            clear = stage not in own.stages and count[stage] == 1
            names[stage if clear else str(part.ref(stage))] = (part, stage)
    return names


def find(parts: Sequence[Part], name: str) -> tuple[Part, str] | None:
    """Find a stage by its name, bare or as `pipeline:stage`."""
    pipeline, colon, stage = name.rpartition(":")
    if not colon and stage in parts[0].stages:
        return parts[0], stage
    found = [part for part in parts if stage in part.stages and part.name == (pipeline if colon else part.name)]
    return (found[0], stage) if len(found) == 1 else None


def unknown(parts: Sequence[Part], name: str) -> tuple[str, str]:
    """Say why a name finds no stage, and what to do."""
    several = [str(part.ref(name)) for part in parts if name in part.stages]
    if several:
        return f"several stages are called {name!r}", f"Say which: {' or '.join(several)}."
    return f"there is no stage {name!r}", hint_for(name, spelled(parts), "stages")
