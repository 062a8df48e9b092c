"""Small projects on disk."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pivot.discovery.project import Project, open_project

Write = Callable[..., Path]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give the root of a project that is marked as one."""
    directory = (tmp_path / "project").resolve()
    (directory / ".pivot").mkdir(parents=True)
    (directory / ".pivot" / "config.yaml").write_text("")
    return directory


@pytest.fixture
def write(root: Path) -> Write:
    """Give a function that writes files of the project, by path relative to its root."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return root

    return write


@pytest.fixture
def project(root: Path) -> Project:
    """Open the project, with an environment of its own."""
    return open_project(root, {})
