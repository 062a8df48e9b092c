"""Contract rows 14 and 15: where a project and its cache are."""

from pathlib import Path

import pytest

from pivot.discovery.project import open_project


def make(directory: Path, *files: str) -> None:
    for name in files:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


def test_nested_pipelines_of_one_project_share_its_root_and_cache(tmp_path: Path) -> None:
    make(tmp_path, ".pivot/config.yaml", "a/pipeline.py", "a/.pivot/state.db", "a/b/pipeline.py")
    projects = [open_project(tmp_path / place, {}) for place in ("a", "a/b", ".")]
    assert {project.root for project in projects} == {tmp_path.resolve()}
    assert {project.cache_dir for project in projects} == {tmp_path.resolve() / ".pivot" / "cache"}


def test_a_pipeline_file_is_a_place_to_start_from(tmp_path: Path) -> None:
    make(tmp_path, ".pivot/config.yaml", "a/pipeline.py")
    assert open_project(tmp_path / "a" / "pipeline.py", {}).root == tmp_path.resolve()


def test_variables_override_root_and_cache(tmp_path: Path) -> None:
    make(tmp_path, ".pivot/config.yaml", "a/pipeline.py")
    environ = {"PIVOT_PROJECT_ROOT": str(tmp_path / "a"), "PIVOT_CACHE_DIR": str(tmp_path / "store")}
    project = open_project(tmp_path, environ)
    assert project.root == (tmp_path / "a").resolve()
    assert project.cache_dir == tmp_path / "store"


@pytest.mark.parametrize(("given", "expected"), [("../store", "store"), ("kept", "project/kept")])
def test_a_cache_in_the_settings_is_relative_to_the_project(tmp_path: Path, given: str, expected: str) -> None:
    make(tmp_path / "project", ".pivot/config.yaml")
    (tmp_path / "project" / ".pivot" / "config.yaml").write_text(f"cache: {{dir: {given}}}")
    assert open_project(tmp_path / "project", {}).cache_dir == tmp_path.resolve() / expected


def test_the_variable_wins_over_the_settings(tmp_path: Path) -> None:
    make(tmp_path, ".pivot/config.yaml")
    (tmp_path / ".pivot" / "config.yaml").write_text("cache: {dir: kept}")
    assert open_project(tmp_path, {"PIVOT_CACHE_DIR": str(tmp_path / "x")}).cache_dir == tmp_path / "x"


def test_without_any_mark_the_nearest_pipeline_is_the_project(tmp_path: Path) -> None:
    make(tmp_path, "a/pivot.yaml", "a/data/raw/x.csv")
    home = {"HOME": str(tmp_path.parent)}
    assert open_project(tmp_path / "a" / "data" / "raw", home).root == (tmp_path / "a").resolve()


def test_without_mark_and_pipeline_the_directory_is_the_project(tmp_path: Path) -> None:
    make(tmp_path, "a/x.csv")
    assert open_project(tmp_path / "a", {"HOME": str(tmp_path.resolve())}).root == (tmp_path / "a").resolve()


def test_a_project_behind_a_symbolic_link_is_itself(tmp_path: Path) -> None:
    make(tmp_path / "real", ".pivot/config.yaml", "a/pipeline.py")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert open_project(tmp_path / "link" / "a", {}).root == (tmp_path / "real").resolve()


def test_paths_are_told_relative_to_the_project(tmp_path: Path) -> None:
    make(tmp_path, ".pivot/config.yaml")
    project = open_project(tmp_path, {})
    assert project.relative(project.root / "a" / "b.py") == "a/b.py"
    assert project.relative(Path("/elsewhere/b.py")) == "/elsewhere/b.py"


def test_opening_a_project_leaves_no_trace(tmp_path: Path) -> None:
    make(tmp_path, ".git/HEAD", "a/pipeline.py")
    open_project(tmp_path / "a", {})
    assert not (tmp_path / ".pivot").exists()
