"""Annotations of stage functions."""

import dataclasses
import typing
from pathlib import Path
from typing import Annotated, Any

import pytest

from pivot.loaders import JSON, MatplotlibFigure, PathOnly, Text
from pivot.outputs import Dep, DirectoryOut, IncrementalOut, Metric, Out, PlaceholderDep, Plot


def test_metrics_are_json_and_plots_figures_unless_said_otherwise() -> None:
    assert Metric[Any]("m.json").loader == JSON()
    assert Plot[Any]("p.png").loader == MatplotlibFigure()
    assert Plot("p.png", PathOnly()).loader == PathOnly()


def test_annotations_are_frozen_values() -> None:
    assert Dep("a", Text()) == Dep("a", Text()) != Dep("b", Text())
    assert Out("a", JSON()) != Metric("a", JSON())
    with pytest.raises(dataclasses.FrozenInstanceError):
        Dep("a", Text()).path = "b"  # type: ignore[misc]


@pytest.mark.parametrize("marker", [Dep(["a", "b"], JSON()), Out(["a"], JSON()), PlaceholderDep(JSON())])
def test_annotated_or_none_can_be_written_even_with_a_list(marker: Any) -> None:
    annotation = Annotated[list[str], marker] | None
    assert type(None) in typing.get_args(annotation)


def test_every_kind_of_output_has_its_name() -> None:
    kinds = [Out, Metric, Plot, IncrementalOut, DirectoryOut]
    assert [kind.kind for kind in kinds] == ["out", "metric", "plot", "incremental", "directory"]


def test_an_output_saves_through_its_loader(tmp_path: Path) -> None:
    Out("ignored.txt", Text()).save("x", tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text() == "x"


def test_a_directory_gets_one_file_for_each_value(tmp_path: Path) -> None:
    DirectoryOut("d", JSON(indent=None)).save({"a.json": 1, "2024/b.json": [2]}, tmp_path / "d")
    assert (tmp_path / "d/a.json").read_text() == "1\n"
    assert (tmp_path / "d/2024/b.json").read_text() == "[2]\n"


def test_an_empty_directory_is_made(tmp_path: Path) -> None:
    DirectoryOut("d", JSON()).save({}, tmp_path / "d")
    assert (tmp_path / "d").is_dir()


@pytest.mark.parametrize("name", ["../a", "/a", "", ".", "a/../../b", "a\0b", 3])
def test_no_file_of_a_directory_leaves_it(tmp_path: Path, name: Any) -> None:
    with pytest.raises(ValueError, match="does not name a file inside"):
        DirectoryOut("d", Text()).save({name: "x"}, tmp_path / "d")


def test_a_directory_needs_a_mapping(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="needs a mapping of file names to values, not a list"):
        DirectoryOut("d", Text()).save(["x"], tmp_path / "d")
