"""Two pipelines in one project: separate state, one cache, real processes."""

from collections.abc import Callable

from outside import Project

Example = Callable[[str], Project]


def test_running_one_pipeline_writes_its_own_state_and_nothing_under_the_other(example: Example) -> None:
    twins = example("twins")
    assert twins.ran(at="text") == {"text:clean", "text:train"}
    assert (twins / "text/.pivot/stages/train.lock").is_file()
    assert not (twins / "model/.pivot").exists()
    assert not (twins / "model/clean.json").exists()


def test_two_pipelines_may_have_stages_of_the_same_name(example: Example) -> None:
    twins = example("twins")
    assert twins.ran() == {"text:clean", "text:train", "model:clean", "model:train"}
    assert twins.text("text/trained.txt") == "SOME WORDS!"
    assert twins.json("model/metrics.json") == {"total": 6}
    assert (twins / "text/.pivot/stages/train.lock").is_file()
    assert (twins / "model/.pivot/stages/train.lock").is_file()


def test_each_pipeline_sees_its_own_module_of_a_shared_name(example: Example) -> None:
    twins = example("twins")
    twins.pivot("run")
    twins.edit("text/helpers.py", '"!"', '"?"')
    assert twins.ran() == {"text:train"}
    assert twins.text("text/trained.txt") == "SOME WORDS?"


def test_a_relative_path_means_the_same_from_anywhere(example: Example) -> None:
    twins = example("twins")
    assert twins.ran("text:train", at="model") == {"text:clean", "text:train"}
    assert twins.files() & {"text/trained.txt", "model/trained.txt", "trained.txt"} == {"text/trained.txt"}
    assert twins.outcomes("train", at="text") == {}


def test_a_stage_runs_in_its_pipelines_root(project: Project) -> None:
    project.write({"deep/down/pipeline.py": WRITES_WHERE_IT_IS})
    project.pivot("run")
    assert project.text("deep/down/where.txt") == str((project / "deep/down").resolve())


def test_a_name_without_a_pipeline_means_the_pipeline_of_the_directory(example: Example) -> None:
    twins = example("twins")
    assert twins.ran("clean", at="model") == {"model:clean"}
    ambiguous = twins.pivot("run", "train", expect=2)
    assert "text:train" in ambiguous.err
    assert "model:train" in ambiguous.err


def test_pipelines_of_one_project_share_one_cache(example: Example) -> None:
    twins = example("twins")
    twins.pivot("run", at="text")
    twins.write({"copy/pipeline.py": twins.text("text/pipeline.py").replace('"text"', '"copy"')})
    twins.write({"copy/helpers.py": twins.text("text/helpers.py"), "copy/raw.txt": twins.text("text/raw.txt")})
    assert twins.outcomes(at="copy") == {"copy:clean": "restored", "copy:train": "restored"}
    assert not (twins / "text/.pivot/cache").exists()
    assert (twins / ".pivot/cache").is_dir()


WRITES_WHERE_IT_IS = """
import os
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("down")

def where() -> Annotated[str, outputs.Out("where.txt", loaders.Text())]:
    return os.getcwd()

pipeline.register(where)
"""
