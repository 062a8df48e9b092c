"""Stage definitions as JSON values: one table per pipeline, so that what its stages share is written once."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from pivot.registry.definition import Identity, Input, Origin, Output, OutputKind, StageDefinition
from pivot.registry.types import PipelineName, StageName, StageRef, StateDir

_KINDS = {str(kind): kind for kind in OutputKind}


def table_data(definitions: Iterable[StageDefinition]) -> list[Any]:
    """Give definitions as JSON values."""
    return [
        [*_shared_data(shared), [_row(stage) for stage in stages]] for shared, stages in groupby(definitions, _shared)
    ]


def definitions_from(data: Iterable[Any]) -> list[StageDefinition]:
    """Make them again. Raises ValueError, TypeError, KeyError or IndexError for other data."""
    return [stage for table in data for stage in _stages(*table)]


_Shared = tuple[PipelineName, Path, StateDir, str, Origin | None]


def _shared(stage: StageDefinition) -> _Shared:
    return stage.ref.pipeline, stage.root, stage.state_dir, stage.identity.python, stage.origin


def _shared_data(shared: _Shared) -> list[Any]:
    name, root, state_dir, python, origin = shared
    return [name, str(root), str(state_dir), python, origin]


def _row(stage: StageDefinition) -> list[Any]:
    identity = stage.identity
    return [
        stage.ref.stage,
        stage.inputs,
        stage.outputs,
        stage.params,
        stage.mutex,
        identity.code,
        identity.unknown,
        stage.place,
        stage.resources,
        stage.retries,
        stage.timeout,
    ]


def _stages(
    name: str, root: str, state_dir: str, python: str, origin: list[Any] | None, rows: Sequence[Any]
) -> Iterable[StageDefinition]:
    pipeline, directory, state = PipelineName(name), Path(root), StateDir(Path(state_dir))
    where = None if origin is None else Origin(origin[0], tuple(origin[1]))
    for stage, inputs, outputs, params, mutex, code, unknown, place, resources, retries, timeout in rows:
        yield StageDefinition(
            StageRef(pipeline, StageName(stage)),
            directory,
            state,
            tuple([Input(arg, tuple(paths), many) for arg, paths, many in inputs]),
            tuple([Output(key, tuple(paths), _KINDS[kind], many) for key, paths, kind, many in outputs]),
            params,
            tuple(mutex),
            Identity(code, python, tuple(unknown)),
            place,
            where,
            resources,
            retries,
            timeout,
        )
