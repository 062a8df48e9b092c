"""Finding the project, its pipelines and its cache, as a person at a prompt meets them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from outside import Project
from pivot.discovery import discover_pipeline
from pivot.pipeline import Pipeline
from pivot.pipeline.yaml import load_pipeline_from_yaml

Example = Callable[[str], Project]

YAML = """
{head}
vars: {{ folder: data }}
stages:
  greet:
    python: words.greet
    outs: {{ return: "${{folder}}/${{who}}.txt" }}
    params: {{ name: "${{who}}" }}
    matrix: {{ who: [ann, bob] }}
"""
WORDS = """
from typing import Annotated
from pivot import loaders, outputs
from pivot.stage_def import StageParams

class Who(StageParams):
    name: str

def greet(params: Who) -> Annotated[str, outputs.Out("x.txt", loaders.Text())]:
    return f"hello {params.name}"
"""
PYTHON = """
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("{name}")

def make() -> Annotated[str, outputs.Out("made.txt", loaders.Text())]:
    return "made"

pipeline.register(make)
"""


def test_the_pipeline_of_a_directory_is_found_and_named(example: Example) -> None:
    shop = example("shop")
    found = shop.pivot("list", "--json", at="page").data["stages"]
    assert [(stage["pipeline"], stage["stage"]) for stage in found] == [("page", "page")]


def test_discovery_gives_a_pipeline_whose_state_lies_in_its_root(example: Example) -> None:
    twins = example("twins")
    found = discover_pipeline(twins / "text")
    assert isinstance(found, Pipeline)
    assert (found.name, found.root) == ("text", (twins / "text").resolve())
    assert found.state_dir == found.root / ".pivot"
    assert list(found.list_stages()) == ["clean", "train"]


def test_a_directory_without_a_pipeline_file_gives_none(tmp_path: Path) -> None:
    assert discover_pipeline(tmp_path) is None


@pytest.mark.parametrize("file", ["pivot.yaml", "pivot.yml"])
def test_a_yaml_pipeline_without_a_name_has_its_directorys(project: Project, file: str) -> None:
    project.write({f"greetings/{file}": YAML.format(head=""), "greetings/words.py": WORDS})
    assert project.ran() == {"greetings:greet@ann", "greetings:greet@bob"}
    assert project.text("greetings/data/bob.txt") == "hello bob"


def test_a_yaml_pipeline_has_the_name_it_gives_itself(project: Project) -> None:
    project.write({"greetings/pivot.yaml": YAML.format(head="pipeline: polite"), "greetings/words.py": WORDS})
    assert project.ran("greet@ann", at="greetings") == {"polite:greet@ann"}


def test_loading_yaml_gives_the_same_pipeline(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write({"greetings/pivot.yaml": YAML.format(head=""), "greetings/politewords.py": WORDS})
    project.edit("greetings/pivot.yaml", "words.greet", "politewords.greet")
    monkeypatch.syspath_prepend(project / "greetings")
    found = load_pipeline_from_yaml(project / "greetings/pivot.yaml")
    assert found.name == "greetings"
    assert list(found.list_stages()) == ["greet@ann", "greet@bob"]


def test_a_dry_run_names_what_would_run_and_runs_nothing(example: Example) -> None:
    twins = example("twins")
    told = twins.pivot("run", "--dry-run", at="text")
    assert "clean" in told.out
    assert "train" in told.out
    assert not (twins / "text/clean.txt").exists()


def test_the_project_root_is_found_by_walking_up(example: Example) -> None:
    shop = example("shop")
    shop.pivot("run", at="page")
    assert (shop / ".pivot/cache").is_dir()
    assert not [path for path in shop.root.rglob("cache") if path.parent.parent != shop.root]


def test_the_environment_overrides_the_project_root(project: Project) -> None:
    project.write(
        {"a/inner/pipeline.py": PYTHON.format(name="inner"), "other/pipeline.py": PYTHON.format(name="other")}
    )
    listed = project.pivot("list", "--all", "--json", at="a/inner", PIVOT_PROJECT_ROOT=str(project / "a"))
    assert [stage["pipeline"] for stage in listed.data["stages"]] == ["inner"]
    project.pivot("run", at="a/inner", PIVOT_PROJECT_ROOT=str(project / "a"))
    assert (project / "a/.pivot/cache").is_dir()
    assert not (project / ".pivot/cache").exists()


def test_the_environment_overrides_the_cache(project: Project, tmp_path: Path) -> None:
    project.write({"pipeline.py": PYTHON.format(name="one")})
    project.pivot("run", PIVOT_CACHE_DIR=str(tmp_path / "elsewhere"))
    assert (tmp_path / "elsewhere/objects").is_dir()
    assert not (project / ".pivot/cache").exists()


def test_the_configuration_names_the_cache(project: Project) -> None:
    project.write({"pipeline.py": PYTHON.format(name="one"), ".pivot/config.yaml": "cache:\n  dir: ../store\n"})
    project.pivot("run")
    assert (project / "../store/objects").is_dir()


def test_a_project_with_a_space_and_a_percent_sign_in_its_path_works(project: Project) -> None:
    odd = "50 % 'off'/näh"
    project.write({f"{odd}/pipeline.py": PYTHON.format(name="odd")})
    assert project.ran(at=odd) == {"odd:make"}
    assert project.outcomes(at=odd) == {}
