from pathlib import Path, PurePosixPath

import pytest

from pivot.cli.templates import template_files, template_names, write_new
from pivot.registry.errors import DefinitionError


def test_the_minimal_template_ships() -> None:
    assert "minimal" in template_names()
    assert PurePosixPath("pipeline.py") in template_files("minimal")


@pytest.mark.parametrize("name", ["nosuch", "..", "minimal/..", ""])
def test_an_unknown_template_is_refused_and_the_known_ones_are_named(name: str) -> None:
    with pytest.raises(DefinitionError, match=r"There are: .*minimal"):
        template_files(name)


@pytest.mark.parametrize("name", template_names())
def test_a_template_has_nothing_that_running_it_leaves(name: str) -> None:
    assert not [path for path in template_files(name) if {"__pycache__", ".pivot"} & set(path.parts)]


def test_all_files_are_written_or_none(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("mine")
    with pytest.raises(DefinitionError, match=r"b\.txt would be overwritten"):
        write_new(tmp_path, {PurePosixPath("a.txt"): b"new", PurePosixPath("b.txt"): b"new"})
    assert [path.name for path in tmp_path.iterdir()] == ["b.txt"]
    assert (tmp_path / "b.txt").read_text() == "mine"


def test_directories_are_made(tmp_path: Path) -> None:
    write_new(tmp_path / "new", {PurePosixPath("deep/a.txt"): b"new"})
    assert (tmp_path / "new" / "deep" / "a.txt").read_bytes() == b"new"
