"""What every test here starts from."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from outside import PROJECTS, Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project."""
    home = tmp_path / "home"
    home.mkdir()
    root = tmp_path / "project"
    (root / ".pivot").mkdir(parents=True)
    (root / ".pivot/config.yaml").touch()
    return Project(root, home)


@pytest.fixture
def example(project: Project) -> Callable[[str], Project]:
    """A copy of one of the example projects."""

    def copied(name: str) -> Project:
        shutil.copytree(PROJECTS / name, project.root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        return project

    return copied
