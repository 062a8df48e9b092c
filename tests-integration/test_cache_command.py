"""`pivot cache`: what the store holds, whether it is right, what may go."""

import shutil
import subprocess
from pathlib import Path

import pytest

from outside import Project

PIPELINE = """
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("p")
TEXT = loaders.Text()

@pipeline.stage()
def upper(text: Annotated[str, outputs.Dep("in.txt", TEXT)]) -> Annotated[str, outputs.Out("upper.txt", TEXT)]:
    return text.upper()

@pipeline.stage()
def double(text: Annotated[str, outputs.Dep("upper.txt", TEXT)]) -> Annotated[str, outputs.Out("double.txt", TEXT)]:
    return text * 2
"""
NOW = ("--grace", "0", "--keep-results", "0")


@pytest.fixture
def made(project: Project) -> Project:
    """A project with two outputs in its cache."""
    project.write({"p/pipeline.py": PIPELINE, "p/in.txt": "a", ".pivot/config.yaml": ""})
    project.pivot("run")
    return project


def git(project: Project, *words: str) -> None:
    who = ("-c", "user.name=me", "-c", "user.email=me@example.org")
    subprocess.run(["git", *who, *words], cwd=project.root, env=project.environment(), check=True, capture_output=True)


def objects(project: Project) -> list[Path]:
    return [path for path in (project / ".pivot/cache/objects").rglob("*") if path.is_file()]


def test_what_lock_files_name_stays_and_the_rest_goes_with_its_records(made: Project) -> None:
    (made / "p/in.txt").write_text("b")
    made.pivot("run")
    assert made.pivot("cache", "info", "--json").data["objects"] == 4
    kept = made.pivot("cache", "gc", "--grace", "0", "--json").data["kept"]
    assert [(each["why"], each["file"][-11:], each["objects"]) for each in kept] == [
        ("file", "double.lock", 1),
        ("file", "/upper.lock", 1),
        ("record", "", 2),
    ]
    foreseen = made.pivot("cache", "gc", "-n", *NOW, "--json").data
    done = made.pivot("cache", "gc", *NOW, "--json").data
    assert [each["digest"] for each in done["removed"]] == [each["digest"] for each in foreseen["removed"]]
    assert (len(done["removed"]), done["records"]) == (2, 2)
    assert not made.stale()
    (made / "p/in.txt").write_text("a")
    assert made.ran() == {"p:upper", "p:double"}


def test_what_other_branches_name_stays_if_asked_and_a_dry_run_knows_what_it_was(made: Project) -> None:
    git(made, "init", "-q", "-b", "main")
    git(made, "add", "-A")
    git(made, "commit", "-q", "-m", "first")
    git(made, "branch", "other")
    (made / "p/in.txt").write_text("b")
    made.pivot("run")
    git(made, "commit", "-q", "-a", "-m", "second")
    told = made.pivot("cache", "gc", "-n", *NOW)
    assert "upper.txt (upper at " in told.out
    assert "double.txt (double at " in told.out
    assert "2 of these are named at commits" in told.err
    assert not made.pivot("cache", "gc", *NOW, "--all-branches", "--json").data["removed"]
    assert len(made.pivot("cache", "gc", *NOW, "--json").data["removed"]) == 2
    assert "no checkout has a revision" in made.pivot("cache", "gc", "--rev", "--all", expect=2).err


def test_two_checkouts_that_share_a_cache_are_both_safe(made: Project, tmp_path: Path) -> None:
    cache = str(tmp_path / "shared")
    other = Project(tmp_path / "other", made.home)
    other.write({"p/pipeline.py": PIPELINE, "p/in.txt": "c", ".pivot/config.yaml": ""})
    for each in (made, other):
        shutil.rmtree(each / "p/.pivot", ignore_errors=True)
        each.pivot("run", PIVOT_CACHE_DIR=cache)
    done = made.pivot("cache", "gc", *NOW, "--json", PIVOT_CACHE_DIR=cache).data
    assert not done["removed"]
    assert {each["checkout"] for each in done["kept"]} == {str(made.root.resolve()), str(other.root.resolve())}


def test_damage_is_found_told_with_its_stage_and_mended_from_the_work_tree(made: Project) -> None:
    (damaged,) = [path for path in objects(made) if path.read_text() == "AA"]
    damaged.chmod(0o644)
    damaged.write_text("AB")
    told = made.pivot("cache", "verify", expect=4)
    assert "double.txt (double)" in told.out
    assert "pivot cache verify --repair" in told.err
    said = made.pivot("cache", "verify", "--repair", "--json").data
    assert [(each["stage"], each["healed"]) for each in said["outputs"]] == [("double", True)]
    assert "all right" in made.pivot("cache", "verify").out
    assert damaged.read_text() == "AA"


def test_an_edited_output_heals_nothing(made: Project) -> None:
    (damaged,) = [path for path in objects(made) if path.read_text() == "AA"]
    damaged.chmod(0o644)
    damaged.write_text("AB")
    (made / "p/double.txt").write_text("edited")
    said = made.pivot("cache", "verify", "--repair", "--json", expect=4).data
    assert [(each["in_place"], each["healed"]) for each in said["outputs"]] == [(False, False)]


def test_a_torn_lock_file_is_named_and_nothing_goes(made: Project) -> None:
    (made / "p/.pivot/stages/double.lock").write_text("<<<<<<< ours\n=======\n>>>>>>> theirs\n")
    ended = made.pivot("cache", "gc", *NOW, expect=2)
    assert "p/.pivot/stages/double.lock" in ended.err
    assert "merge conflict markers" in ended.err
    assert len(ended.err.splitlines()) == 2
    assert len(objects(made)) == 2
    assert len(made.pivot("cache", "gc", *NOW, "--ignore-broken", "--json").data["removed"]) == 1


def test_where_there_is_no_cache_yet_none_is_made_by_looking(project: Project) -> None:
    project.write({"p/pipeline.py": PIPELINE, "p/in.txt": "a", ".pivot/config.yaml": ""})
    assert project.pivot("cache", "path").out.strip().endswith("/.pivot/cache")
    assert "there is no cache" in project.pivot("cache", "info", expect=2).err
    assert not (project / ".pivot/cache").exists()
