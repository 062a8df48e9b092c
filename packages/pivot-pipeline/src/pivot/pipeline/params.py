"""Parameters from outside the code: `params.yaml` beside a pipeline, and `--set`."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pivot.pipeline.errors import PipelineConfigError
from pivot.pipeline.parts import Part, find, spelled, unknown
from pivot.registry.errors import DefinitionError
from pivot.registry.params import with_overrides
from pivot.registry.registration import RegistryStageInfo
from pivot.registry.settings import parse_setting

if TYPE_CHECKING:
    from pivot.pipeline.documents import Document

PARAMS_NAME = "params.yaml"
_SHAPE = "params.yaml maps stages to fields: `train: {learning_rate: 0.2}`."


class Override(NamedTuple):
    """Values for the parameters of one stage, or of all variants of one."""

    stage: str
    fields: Mapping[str, Any]
    where: str | None = None
    places: Mapping[str, str] = {}
    """Where each field is set."""


def overridden(parts: Sequence[Part], overrides: Iterable[Override]) -> tuple[Part, ...]:
    """Set parameters. The name of a stage with variants, `train`, means all of them.

    Raises:
        DefinitionError: no such stage or field, or a value that a validator refuses.
    """
    stages = {part.name: dict(part.stages) for part in parts}
    for override in overrides:
        for part, stage in _targets(parts, override):
            stages[part.name][stage] = _set(stages[part.name][stage], override)
    return tuple(part._replace(stages=stages[part.name]) for part in parts)


def params_files(parts: Sequence[Part]) -> list[Path]:
    """Say where the parameters of pipelines may be set, whether or not there is such a file."""
    return [part.root / PARAMS_NAME for part in parts]


def with_params_files(parts: Sequence[Part], project: Path | None = None) -> tuple[Part, ...]:
    """Set what the `params.yaml` beside each pipeline says, for that pipeline's own stages.

    Raises:
        DefinitionError: a file is wrong; names the line. Its path is shown relative to `project`.
    """
    return tuple(_with_file(part, path, project) for part, path in zip(parts, params_files(parts), strict=True))


def with_settings(parts: Sequence[Part], texts: Iterable[str]) -> tuple[Part, ...]:
    """Set what `--set stage.field=value` says. Raises DefinitionError."""
    refs = [str(part.ref(stage)) for part in parts for stage in part.stages]
    names = {*spelled(parts), *refs}
    names |= {name.partition("@")[0] for name in names}
    found = [parse_setting(text, names) for text in texts]
    grouped: dict[str, dict[str, Any]] = {}
    for setting in found:
        grouped.setdefault(setting.stage, {})[setting.field] = setting.value
    return overridden(parts, [Override(stage, fields) for stage, fields in grouped.items()])


def _with_file(part: Part, path: Path, project: Path | None) -> Part:
    if not path.is_file():
        return part
    from pivot.pipeline.documents import read_document
    from pivot.registry.place import shown

    return overridden([part], _overrides(read_document(path, shown(str(path), project))))[0]


def _overrides(document: "Document") -> list[Override]:
    data = {} if document.data is None else document.data
    if not isinstance(data, dict):
        raise PipelineConfigError("is not a mapping", where=document.where(), hint=_SHAPE)
    for stage, fields in data.items():
        if not isinstance(fields, dict | None):
            raise PipelineConfigError(f"{stage} is not a mapping", where=document.where(stage), hint=_SHAPE)
    return [
        Override(stage, fields or {}, document.where(stage), {key: document.where(stage, key) for key in fields or {}})
        for stage, fields in data.items()
    ]


def _targets(parts: Sequence[Part], override: Override) -> list[tuple[Part, str]]:
    if (found := find(parts, override.stage)) is not None:
        return [found]
    pipeline, _, base = override.stage.rpartition(":")
    named = [part for part in parts if part.name == pipeline] if pipeline else parts[:1]
    variants = [(part, stage) for part in named for stage in part.stages if stage.startswith(f"{base}@")]
    if not variants:
        what, hint = unknown(parts, override.stage)
        raise DefinitionError(what, where=override.where, hint=hint)
    return variants


def _set(info: RegistryStageInfo, override: Override) -> RegistryStageInfo:
    where = override.where or info["place"]
    if not override.fields:
        return info
    if info["params"] is None:
        raise DefinitionError(
            f"stage {info['name']!r} has no parameters to set",
            where=where,
            hint="Annotate a parameter of its function with a StageParams class.",
        )
    changed = info.copy()
    changed["params"] = with_overrides(info["params"], override.fields, where, override.places)
    return changed
