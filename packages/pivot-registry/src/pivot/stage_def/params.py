"""Parameters of stages. The only module through which pivot-registry uses pydantic."""

from pydantic import BaseModel, ConfigDict


class StageParams(BaseModel):
    """The parameters of a stage: typed fields with defaults, checked when they are set, never changed afterwards.

    A field that does not exist is an error, not a field. Values must survive being written as JSON: they are
    recorded by value, and may be set in `params.yaml` or by `--set stage.field=value`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
