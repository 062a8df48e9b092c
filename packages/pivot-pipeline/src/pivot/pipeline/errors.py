"""What can be wrong with the files that describe a pipeline."""

from pivot.registry.errors import DefinitionError


class PipelineConfigError(DefinitionError):
    """A `pivot.yaml` or a `params.yaml` is wrong: names the file, the line and the column."""
