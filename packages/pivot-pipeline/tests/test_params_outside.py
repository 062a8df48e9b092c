"""`params.yaml` and `--set`."""

from pathlib import Path

import pytest

from pivot.pipeline import Pipeline
from pivot.pipeline.params import params_files, with_params_files, with_settings
from pivot.registry.errors import DefinitionError
from pivot.stage_def import StageParams


class Params(StageParams):
    rate: float = 0.1
    label: str = ""


def train(params: Params) -> None: ...


def plain() -> None: ...


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    other = Pipeline("other", tmp_path / "other")
    other.register(train, "train")
    made = Pipeline("model", tmp_path)
    made.register(train)
    made.register(train, "fit", variant="us")
    made.register(train, "fit", variant="gb")
    made.register(plain)
    made.include(other)
    (tmp_path / "other").mkdir()
    return made


def rates(pipeline: Pipeline) -> dict[str, float]:
    return {name: pipeline.get(name)["params"].rate for name in pipeline.list_stages() if name != "plain"}


def test_params_yaml_sets_fields_of_stages(pipeline: Pipeline) -> None:
    (pipeline.root / "params.yaml").write_text("train:\n  rate: 0.2\n  label: x\nfit@us: {rate: 3}\nplain:\n")
    changed = pipeline.with_parts(with_params_files(pipeline.parts()))
    assert rates(changed) == {"train": 0.2, "fit@us": 3, "fit@gb": 0.1, "other:train": 0.1}
    assert changed.get("train")["params"].label == "x"
    assert rates(pipeline)["train"] == 0.1


def test_the_name_before_the_variant_means_all_variants(pipeline: Pipeline) -> None:
    (pipeline.root / "params.yaml").write_text("fit: {rate: 5}\n")
    assert rates(pipeline.with_parts(with_params_files(pipeline.parts())))["fit@gb"] == 5


def test_each_pipeline_has_a_file_of_its_own(pipeline: Pipeline) -> None:
    (pipeline.root / "other/params.yaml").write_text("train: {rate: 7}")
    changed = pipeline.with_parts(with_params_files(pipeline.parts()))
    assert (rates(changed)["train"], rates(changed)["other:train"]) == (0.1, 7)
    assert params_files(pipeline.parts()) == [pipeline.root / "params.yaml", pipeline.root / "other/params.yaml"]


@pytest.mark.parametrize("text", ["", "# nothing", "train:", "train: {}"])
def test_a_file_may_set_nothing(pipeline: Pipeline, text: str) -> None:
    (pipeline.root / "params.yaml").write_text(text)
    assert rates(pipeline.with_parts(with_params_files(pipeline.parts()))) == rates(pipeline)


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("trian:\n  rate: 1", "1:1", "there is no stage 'trian'"),
        ("train:\n  rate: 1\n  lable: 1", "3:3", "Params has no field lable"),
        ("train:\n  label: a\n  rate: fast", "3:3", "rate: input should be a valid number"),
        ("plain:\n  rate: 1", "1:1", "stage 'plain' has no parameters"),
        ("- train", "1:1", "is not a mapping"),
        ("train: 3", "1:1", "train is not a mapping"),
        ("train: {rate: 1\n", "2:1", "is not YAML"),
    ],
)
def test_a_mistake_in_the_file_has_its_line(pipeline: Pipeline, text: str, place: str, what: str) -> None:
    (pipeline.root / "params.yaml").write_text(text)
    with pytest.raises(DefinitionError, match=what) as caught:
        with_params_files(pipeline.parts(), pipeline.root)
    assert caught.value.where == f"params.yaml:{place}"


def test_settings_set_fields_too(pipeline: Pipeline) -> None:
    changed = pipeline.with_parts(
        with_settings(pipeline.parts(), ["train.rate=0.5", "train.label=7", "other:train.rate=2", "fit.rate=4"])
    )
    assert rates(changed) == {"train": 0.5, "fit@us": 4, "fit@gb": 4, "other:train": 2}
    assert changed.get("train")["params"].label == "7"


def test_variants_of_an_included_pipeline_are_named_with_it(pipeline: Pipeline, tmp_path: Path) -> None:
    third = Pipeline("third", tmp_path / "third")
    third.register(train, "fit", variant="x")
    pipeline.include(third)
    changed = pipeline.with_parts(with_settings(pipeline.parts(), ["third:fit.rate=4"]))
    assert rates(changed)["fit@x"] == 4


@pytest.mark.parametrize(
    ("text", "what"),
    [("train.rat=1", "has no field rat"), ("trian.rate=1", "no stage trian"), ("x", "cannot understand")],
)
def test_a_setting_that_cannot_be_is_refused(pipeline: Pipeline, text: str, what: str) -> None:
    with pytest.raises(DefinitionError, match=what):
        with_settings(pipeline.parts(), [text])
