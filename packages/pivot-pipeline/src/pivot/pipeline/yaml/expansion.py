"""From one entry under `stages` to stages: one for each combination of its matrix, or each variant."""

import itertools
import math
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pivot.pipeline.documents import Document
from pivot.pipeline.errors import PipelineConfigError
from pivot.pipeline.yaml.config import StageConfig
from pivot.pipeline.yaml.substitution import substituted

SECTIONS = ("deps", "outs", "metrics", "plots")
_MOST = 10_000


class Expanded(NamedTuple):
    """One stage, all names substituted."""

    name: str
    variant: str | None
    python: str
    paths: Mapping[str, Mapping[str, Any]]
    """By section (`deps`, `outs`, `metrics`, `plots`), then by name."""
    params: Mapping[str, Any] | None
    mutex: list[str]
    resources: Mapping[str, Any]
    retries: Any
    timeout: Any
    location: tuple[str, ...]
    """Where it is described: (`stages`, `train`), or down to a variant."""


def expand(name: str, config: StageConfig, names: Mapping[str, Any], document: Document) -> Iterator[Expanded]:
    """Give the stages that one entry describes. Raises PipelineConfigError."""
    location = ("stages", name)
    if config.matrix is not None and config.variants is not None:
        raise PipelineConfigError(
            f"stage {name!r} has a matrix and variants",
            where=document.where(*location, "variants"),
            hint="Use one of them.",
        )
    if config.matrix is not None:
        yield from _combinations(name, config, names, document)
    elif config.variants is not None:
        for index, variant in enumerate(config.variants):
            sections = {key: {**_section(config, key), **_section(variant, key)} for key in (*SECTIONS, "params")}
            inner = (*location, "variants", str(index))
            yield _stage(_Entry(name, variant.name, config, sections, inner), names, document)
    else:
        yield _stage(_Entry(name, None, config, _sections(config), location), names, document)


class _Entry(NamedTuple):
    name: str
    variant: str | None
    config: StageConfig
    sections: Mapping[str, Mapping[str, Any]]
    location: tuple[str, ...]


def _sections(config: StageConfig) -> dict[str, Mapping[str, Any]]:
    return {key: _section(config, key) for key in (*SECTIONS, "params")}


def _section(config: Any, key: str) -> Mapping[str, Any]:
    return getattr(config, key) or {}


def _combinations(name: str, config: StageConfig, names: Mapping[str, Any], document: Document) -> Iterator[Expanded]:
    location, matrix = ("stages", name), config.matrix or {}
    values = {
        key: [substituted(value, names, document.where(*location, "matrix", key)) for value in axis]
        for key, axis in matrix.items()
    }
    count = math.prod(map(len, values.values()))
    if count > _MOST:
        raise PipelineConfigError(
            f"the matrix of stage {name!r} has {count} combinations",
            where=document.where(*location, "matrix"),
            hint=f"{_MOST} is the most; make such stages in Python.",
        )
    if not count or not values:
        warnings.warn(f"{document.where(*location, 'matrix')}: the matrix of stage {name!r} is empty", stacklevel=2)
        return
    for combination in itertools.product(*values.values()):
        variant = ",".join(_spelled(value) for value in combination)
        entry = _Entry(name, variant, config, _sections(config), location)
        yield _stage(entry, {**names, **dict(zip(values, combination, strict=True))}, document)


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _stage(entry: _Entry, names: Mapping[str, Any], document: Document) -> Expanded:
    def filled(value: Any, *path: str) -> Any:
        return substituted(value, names, document.where(*entry.location, *path))

    sections = {
        section: {key: filled(value, section, key) for key, value in content.items()}
        for section, content in entry.sections.items()
    }
    params = sections.pop("params")
    mutex = filled(entry.config.mutex or [], "mutex")
    return Expanded(
        name=entry.name,
        variant=entry.variant,
        python=filled(entry.config.python, "python"),
        paths=sections,
        params=params or None,
        mutex=[mutex] if isinstance(mutex, str) else mutex,
        resources={key: filled(value, "resources", key) for key, value in (entry.config.resources or {}).items()},
        retries=filled(entry.config.retries, "retries"),
        timeout=filled(entry.config.timeout, "timeout"),
        location=entry.location,
    )
