"""Parameters from outside the code: `params.yaml` beside the pipeline, and `--set`."""

from collections.abc import Mapping, Sequence
from typing import Any

from pivot.pipeline.parts import Part, find, unknown
from pivot.registry.errors import DefinitionError
from pivot.registry.params import with_overrides
from pivot.registry.stage import RegistryStageInfo

Places = Mapping[tuple[str, ...], str]


def overridden(
    parts: Sequence[Part], overrides: Mapping[str, Mapping[str, Any]], places: Places = {}
) -> tuple[Part, ...]:
    """Set parameters by stage and field. The name of a stage with variants, `train`, means all of them.

    Raises:
        DefinitionError: no such stage or field, or a value that a validator refuses; its place is looked up in
            `places` by (stage,) and (stage, field).
    """
    changed = [dict(part.stages) for part in parts]
    for name, fields in overrides.items():
        for index, stage in _targets(parts, name, places):
            changed[index][stage] = _set(changed[index][stage], name, fields, places)
    return tuple(part._replace(stages=stages) for part, stages in zip(parts, changed, strict=True))


def _targets(parts: Sequence[Part], name: str, places: Places) -> list[tuple[int, str]]:
    if (found := find(parts, name)) is not None:
        return [(parts.index(found[0]), found[1])]
    pipeline, _, base = name.rpartition(":")
    searched = [index for index, part in enumerate(parts) if part.name == pipeline or (not pipeline and index == 0)]
    variants = [(index, stage) for index in searched for stage in parts[index].stages if stage.startswith(f"{base}@")]
    if not variants:
        what, hint = unknown(parts, name)
        raise DefinitionError(what, where=places.get((name,)), hint=hint)
    return variants


def _set(info: RegistryStageInfo, name: str, fields: Mapping[str, Any], places: Places) -> RegistryStageInfo:
    if not fields:
        return info
    where = places.get((name, str(next(iter(fields)))), places.get((name,)))
    if info["params"] is None:
        raise DefinitionError(
            f"stage {info['name']!r} has no parameters to set",
            where=where or info["place"],
            hint="Annotate a parameter of its function with a StageParams class.",
        )
    params = info["params"]
    for field, value in fields.items():
        params = with_overrides(params, {field: value}, places.get((name, str(field)), where))
    changed = info.copy()
    changed["params"] = params
    return changed
