"""Parameters from outside the code: `params.yaml` beside a pipeline, and `--set`."""

from collections.abc import Mapping, Sequence
from typing import Any

from pivot.pipeline.parts import Part, find, unknown
from pivot.registry.errors import DefinitionError
from pivot.registry.params import with_overrides
from pivot.registry.registration import RegistryStageInfo

Places = Mapping[tuple[str, ...], str]
"""Where something is set, by (stage,) and (stage, field): `params.yaml:3:5`."""


def overridden(
    parts: Sequence[Part], overrides: Mapping[str, Mapping[str, Any]], places: Places | None = None
) -> tuple[Part, ...]:
    """Set parameters by stage and field. The name of a stage with variants, `train`, means all of them.

    Raises:
        DefinitionError: no such stage or field, or a value that a validator refuses.
    """
    stages = [dict(part.stages) for part in parts]
    for name, fields in overrides.items():
        inner = {
            field: place for (owner, *rest), place in (places or {}).items() if owner == name for field in rest[:1]
        }
        where = (places or {}).get((name,))
        for index, stage in _targets(parts, name, where):
            stages[index][stage] = _set(stages[index][stage], fields, where, inner)
    return tuple(part._replace(stages=changed) for part, changed in zip(parts, stages, strict=True))


def _targets(parts: Sequence[Part], name: str, where: str | None) -> list[tuple[int, str]]:
    """Find the stages that a name means: their parts' positions, and their names there."""
    positions = {part.name: index for index, part in enumerate(parts)}
    if (found := find(parts, name)) is not None:
        return [(positions[found[0].name], found[1])]
    pipeline, _, base = name.rpartition(":")
    index = positions.get(
        parts[0].name if not pipeline else next((n for n in positions if n == pipeline), parts[0].name), 0
    )
    variants = [(index, stage) for stage in parts[index].stages if stage.startswith(f"{base}@")]
    if not variants:
        what, hint = unknown(parts, name)
        raise DefinitionError(what, where=where, hint=hint)
    return variants


def _set(
    info: RegistryStageInfo, fields: Mapping[str, Any], where: str | None, places: Mapping[str, str]
) -> RegistryStageInfo:
    if not fields:
        return info
    if info["params"] is None:
        raise DefinitionError(
            f"stage {info['name']!r} has no parameters to set",
            where=where or info["place"],
            hint="Annotate a parameter of its function with a StageParams class.",
        )
    changed = info.copy()
    changed["params"] = with_overrides(info["params"], fields, where or info["place"], places)
    return changed
