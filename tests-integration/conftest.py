"""What every test here starts from."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from outside import PROJECTS, Project

_COMPILED = shutil.ignore_patterns("__pycache__")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies here, before pytest chooses by marks: the packages are to test their own branches."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("unmeasured")


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
        shutil.copytree(PROJECTS / name, project.root, dirs_exist_ok=True, ignore=_COMPILED)
        return project

    return copied


@pytest.fixture(scope="session")
def _shop_that_ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example `shop` after a run, made once. To be copied, not used."""
    top = tmp_path_factory.mktemp("shop")
    (top / "home").mkdir()
    shop = Project(shutil.copytree(PROJECTS / "shop", top / "project", ignore=_COMPILED), top / "home")
    (shop / ".pivot").mkdir()
    (shop / ".pivot/config.yaml").touch()
    shop.pivot("run")
    return shop.root


@pytest.fixture
def shop(_shop_that_ran: Path, project: Project) -> Project:
    """The example `shop`, up to date."""
    shutil.copytree(_shop_that_ran, project.root, dirs_exist_ok=True, ignore=_COMPILED)
    return project
