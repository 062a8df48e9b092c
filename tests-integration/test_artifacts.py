"""Kinds of outputs, ways of naming inputs, variants."""

import shutil
from collections.abc import Callable

import pytest

from outside import Project

STAGES = {"count@eu", "count@us", "summarise", "split", "gather", "append"}


@pytest.fixture
def made(example: Callable[[str], Project]) -> Project:
    """The project, up to date."""
    project = example("artifacts")
    assert project.ran() == {f"artifacts:{stage}" for stage in STAGES}
    return project


def test_every_kind_of_output_is_written(made: Project) -> None:
    assert made.json("counts/us.json") == {"region": "us", "total": 30}
    assert made.json("metrics/eu.json") == {"total": 3}
    assert made.text("summary.txt") == "eu=3,us=30"
    assert made.text("parts/us.txt") == "us=30"
    assert made.text("names.txt") == "eu.txt us.txt"
    assert made.json("history.json") == ["eu=3,us=30"]
    assert made.outcomes() == {}


def test_a_variant_has_a_lock_file_of_its_own(made: Project) -> None:
    assert len(list((made / ".pivot/stages").glob("count*.lock"))) == 2


def test_one_variant_may_run_alone(made: Project) -> None:
    made.edit("pipeline.py", '("us", 10)', '("us", 100)')
    assert "artifacts:count@us" in made.stale()
    assert made.ran("count@us") == {"artifacts:count@us"}
    assert made.json("counts/us.json")["total"] == 300


def test_an_incremental_output_grows_on_what_was_there(made: Project) -> None:
    (made / "seeds.json").write_text("[5]")
    made.pivot("run")
    assert made.json("history.json") == ["eu=3,us=30", "eu=5,us=50"]
    (made / "seeds.json").write_text("[1, 2]")
    made.pivot("run")
    assert made.json("history.json") == ["eu=3,us=30", "eu=5,us=50", "eu=3,us=30"]


def test_a_directory_output_that_lost_a_file_is_made_whole(made: Project) -> None:
    (made / "parts/eu.txt").unlink()
    assert made.outcomes() == {"artifacts:split": "restored"}
    assert made.text("parts/eu.txt") == "eu=3"


def test_a_directory_output_that_gained_a_file_is_made_as_it_was(made: Project) -> None:
    (made / "parts/xx.txt").write_text("x")
    assert set(made.outcomes()) == {"artifacts:split"}
    assert {path.name for path in (made / "parts").iterdir()} == {"eu.txt", "us.txt"}


def test_a_deleted_directory_comes_back(made: Project) -> None:
    shutil.rmtree(made / "parts")
    assert made.outcomes() == {"artifacts:split": "restored"}
    assert made.text("parts/us.txt") == "us=30"


def test_checkout_brings_everything_back_that_the_cache_keeps(made: Project) -> None:
    kept = {name for name in made.files() if not name.startswith("metrics/")}
    for name in kept - {"pipeline.py", "seeds.json"}:
        (made / name).unlink()
    made.pivot("checkout")
    assert made.files() >= kept


def test_a_metric_stays_in_git_and_other_outputs_do_not(example: Callable[[str], Project]) -> None:
    project = example("artifacts")
    (project / ".git").mkdir()
    (project / ".git/HEAD").write_text("ref: refs/heads/main\n")
    project.pivot("run")
    ignored = "\n".join(path.read_text() for path in project.root.rglob(".gitignore") if ".pivot" not in path.parts)
    assert "summary.txt" in ignored
    assert "metrics" not in ignored
