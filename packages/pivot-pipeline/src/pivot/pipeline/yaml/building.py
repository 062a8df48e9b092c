"""From `pivot.yaml` to a pipeline."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pivot.pipeline.documents import Document, read_document
from pivot.pipeline.errors import PipelineConfigError
from pivot.pipeline.pipeline import Pipeline
from pivot.pipeline.yaml.config import PipelineConfig, config_of
from pivot.pipeline.yaml.declared import declared
from pivot.pipeline.yaml.expansion import Expanded, expand
from pivot.pipeline.yaml.importing import function_of, importable
from pivot.registry.amounts import checked_resources, checked_retries, checked_timeout
from pivot.registry.errors import DefinitionError
from pivot.registry.layout import project_root_of
from pivot.registry.params import make_params
from pivot.registry.registration import Registration, RegistryStageInfo
from pivot.registry.signature import StageSignature, signature_of
from pivot.registry.stage import stage_info


def load_pipeline_from_yaml(path: Path, *, project: Path | None = None) -> Pipeline:
    """Make the pipeline that a `pivot.yaml` describes; its root is the directory of the file.

    Functions are imported from there, then from the `project` root (by default found from the file), then as usual.

    Raises:
        PipelineConfigError: something in it is wrong; names file, line and column.
    """
    path = Path(path)
    root = path.parent.resolve()
    base = project or project_root_of(root, os.environ)
    document = read_document(path, _shown(path, project))
    config = config_of(document)
    pipeline = _empty(config, root, document)
    names = _names(config, document)
    directories = list(dict.fromkeys((str(root), str(base))))
    with importable(directories):
        for name, stage in config.stages.items():
            for expanded in expand(name, stage, names, document):
                _add(pipeline, expanded, document, directories)
    return pipeline


def _shown(path: Path, project: Path | None) -> str:
    full = path.resolve()
    return full.relative_to(project).as_posix() if project and full.is_relative_to(project) else str(path)


def _empty(config: PipelineConfig, root: Path, document: Document) -> Pipeline:
    try:
        return Pipeline(root.name if config.pipeline is None else config.pipeline, root)
    except DefinitionError as error:
        hint = f"{error.hint} Set it: `pipeline: name`." if config.pipeline is None else error.hint
        raise PipelineConfigError(error.what, where=document.where("pipeline"), hint=hint) from None


def _names(config: PipelineConfig, document: Document) -> Mapping[str, Any]:
    names = config.vars or {}
    for name, value in names.items():
        if "${" in str(value):
            raise PipelineConfigError(
                f"vars.{name} refers to another value", where=document.where("vars", name), hint="Write the value."
            )
    return names


def _add(pipeline: Pipeline, stage: Expanded, document: Document, directories: list[str]) -> None:
    where = document.where(*stage.location)
    func = function_of(stage.python, document.where("stages", stage.name, "python"), directories)
    try:
        pipeline.add(_info(pipeline, func, stage, document))
    except PipelineConfigError:
        raise
    except DefinitionError as error:
        raise PipelineConfigError(error.what, where=error.where or where, hint=error.hint) from None


def _info(pipeline: Pipeline, func: Any, stage: Expanded, document: Document) -> RegistryStageInfo:
    where = document.where(*stage.location)
    entry = ("stages", stage.name)
    amounts = {name: document.where(*entry, "resources", name) for name in stage.resources}
    taken = signature_of(func, where)
    found = declared(taken, stage.paths, lambda section, key: document.where(*stage.location, section, key))
    return stage_info(
        func,
        Registration(
            name=stage.name,
            variant=stage.variant,
            state_dir=pipeline.state_dir,
            root=pipeline.root,
            params=_params(taken, stage, document),
            mutex=stage.mutex,
            resources=checked_resources(stage.resources, where, amounts),
            retries=checked_retries(stage.retries, document.where(*entry, "retries")),
            timeout=checked_timeout(stage.timeout, document.where(*entry, "timeout")),
            dep_path_overrides=found.dep_overrides,
            out_path_overrides=found.out_overrides,
            deps=found.deps,
            outs=found.outs,
            where=where,
        ),
    )


def _params(taken: StageSignature, stage: Expanded, document: Document) -> Any:
    if stage.params is None or taken.params_class is None:
        return stage.params
    places = {field: document.where(*stage.location, "params", field) for field in stage.params}
    return make_params(taken.params_class, stage.params, document.where(*stage.location, "params"), places)
