"""Pipelines that build on one another."""

from collections.abc import Callable

import pytest

from outside import Project

Example = Callable[[str], Project]


def test_an_included_pipeline_keeps_its_state_its_root_and_its_name(example: Example) -> None:
    shop = example("shop")
    assert shop.ran(at="prices") == {"orders:clean", "prices:clean", "prices:bill"}
    assert (shop / "orders/.pivot/stages/clean.lock").is_file()
    assert (shop / "prices/.pivot/stages/clean.lock").is_file()
    assert shop.json("prices/bill.json") == {"cents": 500}


def test_a_dependency_on_another_pipelines_output_is_an_edge_without_include(example: Example) -> None:
    shop = example("shop")
    assert shop.ran(at="page") == {"orders:clean", "prices:clean", "prices:bill", "page:page"}
    assert shop.text("page/page.txt") == "To pay: 5.00\n"


def test_a_change_upstream_in_another_pipeline_reaches_its_consumers(shop: Project) -> None:
    shop.edit("orders/raw.jsonl", '"count": 2', '"count": 4')
    assert shop.ran(at="page") == {"orders:clean", "prices:bill", "page:page"}
    assert shop.text("page/page.txt") == "To pay: 5.50\n"


def test_only_leaves_what_a_target_needs_alone(shop: Project) -> None:
    shop.edit("orders/raw.jsonl", '"count": 2', '"count": 4')
    assert shop.outcomes("--only", "prices:bill") == {}


def test_an_edit_of_a_shared_helper_reaches_exactly_its_users(shop: Project) -> None:
    shop.edit("shared/money.py", "{amount // 100}.", "{amount // 100},")
    assert shop.ran() == {"page:page"}


def test_the_graph_crosses_pipelines(example: Example) -> None:
    drawn = example("shop").pivot("dag", "--json").out
    assert "orders:clean" in drawn
    assert "page:page" in drawn


def test_a_stage_of_an_included_pipeline_is_written_with_its_pipeline(example: Example) -> None:
    shop = example("shop")
    assert shop.ran("orders:clean", at="prices") == {"orders:clean"}


def stage(pipeline: str, name: str, dep: str | None, out: str) -> str:
    """Write a pipeline.py with one stage that makes `out` of `dep`."""
    argument = f'x: Annotated[str, outputs.Dep("{dep}", loaders.Text())]' if dep else ""
    return f"""
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("{pipeline}")

def {name}({argument}) -> Annotated[str, outputs.Out("{out}", loaders.Text())]:
    return "made"

pipeline.register({name})
"""


def test_two_producers_of_one_file_are_an_error_that_names_both(project: Project) -> None:
    project.write({"a/pipeline.py": stage("a", "make", None, "../both.txt")})
    project.write({"b/pipeline.py": stage("b", "build", None, "../both.txt")})
    told = project.pivot("run", expect=2).err
    for part in ("a:make", "b:build", "both.txt", "a/pipeline.py", "b/pipeline.py"):
        assert part in told
    assert not (project / "both.txt").exists()


def test_a_file_inside_anothers_directory_output_has_two_producers(project: Project) -> None:
    directory = stage("a", "make", None, "x").replace(
        'Annotated[str, outputs.Out("x", loaders.Text())]',
        'Annotated[dict[str, str], outputs.DirectoryOut("../shared", loaders.Text())]',
    )
    project.write({"a/pipeline.py": directory, "b/pipeline.py": stage("b", "build", None, "../shared/one.txt")})
    told = project.pivot("run", expect=2).err
    assert "a:make" in told
    assert "b:build" in told


def test_a_cycle_through_two_pipelines_is_an_error_before_anything_runs(project: Project) -> None:
    project.write({"a/pipeline.py": stage("a", "one", "../b/two.txt", "one.txt")})
    project.write({"b/pipeline.py": stage("b", "two", "../a/one.txt", "two.txt")})
    told = project.pivot("run", expect=2).err
    for part in ("cycle", "a:one", "b:two"):
        assert part in told
    assert project.files() == {"a/pipeline.py", "b/pipeline.py"}


def test_an_input_that_nobody_makes_is_an_error_before_anything_runs(project: Project) -> None:
    project.write({"a/pipeline.py": stage("a", "one", "../b/nowhere.txt", "one.txt")})
    project.write({"b/pipeline.py": stage("b", "two", None, "two.txt")})
    told = project.pivot("run", expect=2).err
    assert "nowhere.txt" in told
    assert "a:one" in told
    assert project.files() == {"a/pipeline.py", "b/pipeline.py"}


@pytest.mark.parametrize("at", [".", "a"])
def test_what_nobody_makes_matters_only_to_those_who_need_it(project: Project, at: str) -> None:
    project.write({"a/pipeline.py": stage("a", "one", None, "one.txt")})
    project.write({"b/pipeline.py": stage("b", "two", "nowhere.txt", "two.txt")})
    assert project.ran("a:one", at=at) == {"a:one"}


def test_two_pipelines_with_one_name_in_one_project_are_an_error_that_names_both(project: Project) -> None:
    project.write({"a/pipeline.py": stage("same", "one", None, "one.txt")})
    project.write({"b/pipeline.py": stage("same", "two", None, "two.txt")})
    told = project.pivot("run", expect=2).err
    assert "same" in told
    assert "a/pipeline.py" in told
    assert "b/pipeline.py" in told
