"""From what is registered to what travels."""

from pathlib import Path

from pivot.registry.definition import Identity, Input, Origin, Output, OutputKind, StageDefinition
from pivot.registry.paths import paths_of
from pivot.registry.place import place_of
from pivot.registry.recorded import params_data
from pivot.registry.registration import RegistryStageInfo
from pivot.registry.types import StageRef, StateDir


def define(
    info: RegistryStageInfo,
    *,
    ref: StageRef,
    root: Path,
    state_dir: StateDir,
    identity: Identity,
    origin: Origin | None,
    base: Path | None = None,
) -> StageDefinition:
    """Give a registered stage as data. Places in messages are relative to `base` (the project's root).

    Raises:
        DefinitionError: the parameters cannot be written as JSON.
    """
    place = info["place"] if base is None else place_of(info["func"], base)
    return StageDefinition(
        ref=ref,
        root=root,
        state_dir=state_dir,
        inputs=tuple(
            Input(arg, paths_of(dep.path), many=not isinstance(dep.path, str)) for arg, dep in info["deps"].items()
        ),
        outputs=tuple(
            Output(key, paths_of(out.path), OutputKind(out.kind), many=not isinstance(out.path, str))
            for key, out in info["outs"].items()
        ),
        params=params_data(info["params"], place),
        mutex=tuple(info["mutex"]),
        identity=identity,
        place=place,
        origin=origin,
        resources=info["resources"],
        retries=info["retries"],
        timeout=info["timeout"],
    )
