from pathlib import Path

import pytest

from pivot.cli.scope import scope_of


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "model" / "deep").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    (tmp_path / "model" / "pipeline.py").touch()
    return tmp_path


def files_in(directory: Path) -> list[Path]:
    return [path for path in (directory / "pipeline.py",) if path.exists()]


@pytest.mark.parametrize("start", ["model", "model/deep"])
def test_a_directory_with_a_pipeline_file_or_below_it_means_that_pipeline(project: Path, start: str) -> None:
    scope = scope_of(project / start, project, files_in)
    assert scope.covers(project / "model" / "pipeline.py")
    assert not scope.covers(project / "model" / "deep" / "pipeline.py")


def test_elsewhere_all_pipelines_below_are_meant(project: Path) -> None:
    assert scope_of(project, project, files_in).covers(project / "model" / "pipeline.py")
    assert not scope_of(project / "data", project, files_in).covers(project / "model" / "pipeline.py")


def test_nothing_above_the_project_root_is_looked_at(project: Path) -> None:
    inner = project / "model" / "deep"
    assert not scope_of(inner, inner, files_in).exact
