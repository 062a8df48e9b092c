"""Author pipelines: the `Pipeline` class, composition, and pivot.yaml."""

from pivot.pipeline.pipeline import Pipeline

__all__ = ["Pipeline"]
