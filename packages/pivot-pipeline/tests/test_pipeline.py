"""A pipeline: a name, a root, stages with state of their own."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest

import pivot.pipeline.pipeline
from pivot.loaders import Text
from pivot.outputs import Dep, Out
from pivot.pipeline import Pipeline
from pivot.registry.errors import DefinitionError
from pivot.registry.registry import UnknownStageError
from pivot.registry.types import PipelineName, StageName, StageRef
from pivot.stage_def import StageParams


class Params(StageParams):
    rate: float = 0.1


def upper(text: Annotated[str, Dep("in.txt", Text())]) -> Annotated[str, Out("out.txt", Text())]:
    return text.upper()


def tuned(params: Params) -> None: ...


def test_the_root_is_the_directory_of_the_file_that_makes_it() -> None:
    made = Pipeline("model")
    assert (made.name, made.root, made.state_dir) == ("model", Path(__file__).parent, Path(__file__).parent / ".pivot")


def test_a_root_can_be_given(tmp_path: Path) -> None:
    made = Pipeline("model", root=tmp_path)
    assert (made.root, made.state_dir) == (tmp_path, tmp_path / ".pivot")
    assert Pipeline("model", str(tmp_path)).root == tmp_path


def test_both_modules_give_the_same_class() -> None:
    assert pivot.pipeline.pipeline.Pipeline is Pipeline


def test_registration_stamps_the_state_directory(tmp_path: Path) -> None:
    made = Pipeline("model", tmp_path)
    made.register(tuned, "t", params=Params(rate=2), mutex=["gpu"], variant="us")
    info = made.get("t@us")
    assert (info["func"], info["state_dir"], info["root"]) == (tuned, tmp_path / ".pivot", tmp_path)
    assert (info["params"], info["mutex"], info["variant"]) == (Params(rate=2), ["gpu"], "us")


def test_paths_can_be_overridden(tmp_path: Path) -> None:
    made = Pipeline("model", tmp_path)
    made.register(upper, dep_path_overrides={"text": "us.txt"}, out_path_overrides={"return": "US.txt"})
    assert (made.get("upper")["deps_paths"], made.get("upper")["outs_paths"]) == (["us.txt"], ["US.txt"])


def test_two_pipelines_may_both_have_a_stage_of_one_name(tmp_path: Path) -> None:
    first, second = Pipeline("a", tmp_path / "a"), Pipeline("b", tmp_path / "b")
    for made in (first, second):
        made.register(upper, "train")
    assert first.get("train")["state_dir"] != second.get("train")["state_dir"]


def test_pipelines_know_nothing_of_each_other(tmp_path: Path) -> None:
    Pipeline("a", tmp_path).register(upper)
    assert Pipeline("a", tmp_path).list_stages() == []


def test_a_stage_is_still_a_function(tmp_path: Path) -> None:
    made = Pipeline("a", tmp_path)

    @made.stage
    def shout(text: Annotated[str, Dep("in.txt", Text())]) -> Annotated[str, Out("out.txt", Text())]:
        return text + "!"

    assert shout("a") == "a!"
    assert made.get("shout")["func"] is shout
    assert list(tmp_path.iterdir()) == []


def test_the_decorator_takes_the_options_of_register_and_stacks(tmp_path: Path) -> None:
    made = Pipeline("a", tmp_path)

    @made.stage(variant="us", dep_path_overrides={"text": "us"}, out_path_overrides={"return": "US"})
    @made.stage(variant="gb", dep_path_overrides={"text": "gb"}, out_path_overrides={"return": "GB"})
    def shout(text: Annotated[str, Dep("in.txt", Text())]) -> Annotated[str, Out("out.txt", Text())]:
        return text + "!"

    assert made.list_stages() == ["shout@gb", "shout@us"]
    assert shout("a") == "a!"


def test_an_unknown_stage_is_suggested(tmp_path: Path) -> None:
    made = Pipeline("a", tmp_path)
    made.register(upper)
    with pytest.raises(DefinitionError, match="there is no stage 'uper' in pipeline 'a'") as caught:
        made.get("uper")
    assert caught.value.hint == "Did you mean upper?"
    assert isinstance(caught.value, KeyError)


def test_a_mistake_registers_nothing_and_names_the_place(tmp_path: Path) -> None:
    made = Pipeline("a", Path(__file__).parent)
    with pytest.raises(DefinitionError) as caught:
        made.register(upper, dep_path_overrides={"txet": "a"})
    line = upper.__code__.co_firstlineno
    assert str(caught.value).splitlines()[0] == f"test_pipeline.py:{line}: stage upper has no input 'txet'"
    assert caught.value.hint == "Did you mean text?"
    assert made.list_stages() == []


@pytest.mark.parametrize("name", ["", "a/b", 3, None])
def test_a_pipeline_needs_a_name(name: Any) -> None:
    with pytest.raises(DefinitionError, match="cannot be the name of a pipeline"):
        Pipeline(name)


def test_other_parameters_make_another_pipeline(tmp_path: Path) -> None:
    made = Pipeline("a", tmp_path)
    made.register(tuned, params=Params(rate=1))
    changed = made.with_params({"tuned": {"rate": 2}})
    assert (made.get("tuned")["params"], changed.get("tuned")["params"]) == (Params(rate=1), Params(rate=2))
    assert (changed.name, changed.root, changed.get("tuned")["state_dir"]) == ("a", tmp_path, tmp_path / ".pivot")


def test_a_live_stage_is_found_by_its_reference(tmp_path: Path) -> None:
    made, other = Pipeline("a", tmp_path), Pipeline("b", tmp_path / "b")
    made.register(upper)
    other.register(tuned, "upper")
    made.include(other)
    found = [made.live(StageRef(PipelineName(name), StageName("upper")))["func"] for name in "ab"]
    assert found == [upper, tuned]
    with pytest.raises(UnknownStageError, match="there is no stage 'b:gone'"):
        made.live(StageRef(PipelineName("b"), StageName("gone")))


def test_it_says_what_it_is(tmp_path: Path) -> None:
    made, other = Pipeline("a", tmp_path), Pipeline("b", tmp_path / "b")
    made.register(upper)
    assert repr(made) == f"<Pipeline 'a': 1 stage; {tmp_path}>"
    made.include(other)
    made.register(tuned)
    assert repr(made) == f"<Pipeline 'a': 2 stages, including b; {tmp_path}>"


@pytest.mark.usefixtures("bare_interpreters")
def test_importing_it_stays_light() -> None:
    heavy = [
        "pydantic",
        "yaml",
        "networkx",
        "numpy",
        "pandas",
        "blake3",
        "pivot.fingerprint.roots",
        "pivot.loaders.tables",
    ]
    code = f"import sys; from pivot.pipeline import Pipeline; print([name for name in {heavy} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"


def test_there_is_no_registry_outside_of_pipelines() -> None:
    code = """
import importlib, pkgutil, types
import pivot
mutable = []
for package in ("registry", "outputs", "loaders", "stage_def", "pipeline"):
    home = importlib.import_module(f"pivot.{package}")
    names = [home.__name__, *(found.name for found in pkgutil.walk_packages(home.__path__, home.__name__ + "."))]
    for name in names:
        for key, value in vars(importlib.import_module(name)).items():
            if isinstance(value, (list, set, dict, bytearray)) and not key.startswith("__") and not key.isupper() \\
                    and not (key.startswith("_") and key.lstrip("_").isupper()):
                mutable.append(f"{name}.{key}")
print(mutable)
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"
