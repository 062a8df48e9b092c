"""Pipelines described in `pivot.yaml`."""

from pivot.pipeline.errors import PipelineConfigError
from pivot.pipeline.yaml.building import load_pipeline_from_yaml
from pivot.pipeline.yaml.config import PipelineConfig, StageConfig, VariantConfig, schema

__all__ = [
    "PipelineConfig",
    "PipelineConfigError",
    "StageConfig",
    "VariantConfig",
    "load_pipeline_from_yaml",
    "schema",
]
