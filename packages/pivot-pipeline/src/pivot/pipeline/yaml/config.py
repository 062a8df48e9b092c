"""What may stand in `pivot.yaml`."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from pivot.pipeline.documents import Document
from pivot.pipeline.errors import PipelineConfigError
from pivot.registry.suggest import hint_for

SHAPE = "A pivot.yaml looks like this: `stages: {train: {python: stages.train}}`."


def _text_or_texts(value: Any) -> Any:
    # One message for both: a union would report what each of its members has against the value.
    if isinstance(value, str) or (isinstance(value, list) and value and all(isinstance(item, str) for item in value)):
        return value
    raise PydanticCustomError("text_or_texts", "should be text or a list of texts")


def _number_or_text(value: Any) -> Any:
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        return value
    raise PydanticCustomError("number_or_text", "should be a number or text")


TextOrTexts = Annotated[str | list[str], BeforeValidator(_text_or_texts)]
Amount = Annotated[int | float | str, BeforeValidator(_number_or_text)]
Paths = dict[str, TextOrTexts] | None
Scalar = str | int | float | bool


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class _Artifacts(_Model):
    deps: Paths = Field(None, description="Paths of inputs, by the parameter of the function that receives them.")
    outs: Paths = Field(
        None, description="Paths of outputs, by the key in what the function returns; `return` for the value itself."
    )
    metrics: Paths = Field(None, description="Paths of metrics: small outputs that stay in git.")
    plots: Paths = Field(None, description="Paths of plots.")
    params: dict[str, Any] | None = Field(None, description="Values of the fields of the function's StageParams.")


class VariantConfig(_Artifacts):
    """One of several stages made from one function: `train@us`."""

    name: str = Field(description="What follows the `@`.")


class StageConfig(_Artifacts):
    """One stage, or one for each combination of a matrix or each variant."""

    python: str = Field(description="The function, as `module.function`, found from the directory of this file.")
    mutex: TextOrTexts | None = Field(
        None, description="Names of which no two running stages share one; `*` is shared with every stage."
    )
    resources: dict[str, Amount] | None = Field(
        None, description="What it needs while it runs, by name: `{gpu: 1, memory: 12G}`."
    )
    retries: Amount | None = Field(None, description="So many times more it is tried after a failure.")
    timeout: Amount | None = Field(
        None, description="Seconds, or a time such as `10m`, after which it is ended; 0 for never."
    )
    matrix: dict[str, list[Scalar]] | None = Field(
        None,
        description="Values by name: a stage for each combination, named `train@us,gb`; `${name}` stands for each.",
    )
    variants: list[VariantConfig] | None = Field(None, description="Stages that differ in paths or parameters.")


class PipelineConfig(_Model):
    """A pipeline described in YAML."""

    pipeline: str | None = Field(None, description="The name of the pipeline; the directory's by default.")
    vars: dict[str, Any] | None = Field(None, description="Values that `${name}` stands for.")
    stages: dict[str, StageConfig] = Field(description="Stages by name.")


def schema() -> dict[str, Any]:
    """Give the JSON Schema of `pivot.yaml`, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **PipelineConfig.model_json_schema(),
        "title": "pivot.yaml",
    }


def config_of(document: Document) -> PipelineConfig:
    """Check what a file says. Raises PipelineConfigError for the first thing that is wrong."""
    if not isinstance(document.data, dict):
        what = "is empty" if document.data is None else f"holds {_kind(document.data)}, not a mapping"
        raise PipelineConfigError(what, where=document.where(), hint=SHAPE)
    try:
        return PipelineConfig.model_validate(document.data)
    except ValidationError as error:
        raise _refusal(document, min(error.errors(), key=lambda detail: _rank(document, detail))) from None


def _rank(document: Document, detail: Mapping[str, Any]) -> tuple[bool, int, int]:
    """Order what is wrong as the file does; what is missing comes last, as it may only be misspelled."""
    _, line, column = document.where(*detail["loc"]).rsplit(":", 2)
    return detail["type"] == "missing", int(line), int(column)


def _refusal(document: Document, detail: Mapping[str, Any]) -> PipelineConfigError:
    location, kind = detail["loc"], detail["type"]
    where, path = document.where(*location), ".".join(map(str, location))
    if kind == "extra_forbidden":
        hint = hint_for(str(location[-1]), _keys(location[:-1]), "keys")
        return PipelineConfigError(f"unknown key {path}", where=where, hint=hint)
    if kind == "missing":
        return PipelineConfigError(f"{path} is missing", where=where, hint=SHAPE)
    return PipelineConfigError(f"{path} {_message(detail)}", where=where, hint=_example(location))


def _message(detail: Mapping[str, Any]) -> str:
    if detail["type"] in ("dict_type", "model_type"):
        return "should be a mapping"
    return str(detail["msg"]).replace("Input should", "should").replace("valid dictionary", "mapping")


def _keys(location: tuple[int | str, ...]) -> list[str]:
    """List the keys that may stand at a place of the file."""
    if not location:
        return list(PipelineConfig.model_fields)
    return list((VariantConfig if "variants" in location else StageConfig).model_fields)


def _example(location: tuple[int | str, ...]) -> str:
    section = next((str(part) for part in location if part in ("deps", "outs", "metrics", "plots")), None)
    if section is None:
        return SHAPE if len(location) < 3 else "`pivot schema` prints what may stand here."
    return f"{section} maps names to paths, as in `{section}: {{rows: data/rows.csv}}`."


def _kind(data: Any) -> str:
    return "a list" if isinstance(data, list) else f"just {data!r}"[:60]
