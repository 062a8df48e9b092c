"""What may be the path of an input or an output."""

from pathlib import Path
from typing import Any

import pytest

from pivot.registry.errors import DefinitionError
from pivot.registry.paths import input_spec, output_spec, overlap, paths_of


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a.csv", "a.csv"),
        ("./a//b.csv", "a/b.csv"),
        ("out/", "out"),
        ("../data/a.csv", "../data/a.csv"),
        (Path("a") / "b", "a/b"),
        (["a", Path("./b")], ["a", "b"]),
        (("a",), ("a",)),
        ("-rf", "-rf"),
        ("CON", "CON"),
        ("ünï🙂", "ünï🙂"),
        ("a b", "a b"),
    ],
)
def test_paths_are_normalised_and_their_shape_kept(written: Any, meant: Any) -> None:
    assert output_spec(written, "output", None) == meant
    assert input_spec(written, "input", None) == meant


def test_inputs_may_be_absolute() -> None:
    assert input_spec("/data/rows.csv", "input", None) == "/data/rows.csv"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("a\0b", "control character"),
        ("a\nb", "control character"),
        ("a ", "space at"),
        ("a /b", "space at"),
        ("a\\b", "backslash"),
        ("~/a", "not expanded"),
        ("x" * 256, "too long"),
        ("/".join(["x" * 250] * 17), "too long"),
        (3, "must be text"),
        (b"a", "must be text"),
        ([], "empty list"),
        (["a", "./a"], "names a twice"),
        ([["a"]], "must be text"),
    ],
)
def test_these_cannot_be_paths(path: Any, why: str) -> None:
    for check in (input_spec, output_spec):
        with pytest.raises(DefinitionError, match=why) as caught:
            check(path, "output 'x' of stage s", "pipeline.py:1")
        assert caught.value.where == "pipeline.py:1"
        assert "output 'x' of stage s" in caught.value.what


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/abs/a", "is absolute"),
        (".", "own directory"),
        ("a/..", "own directory"),
        ("..", "own directory"),
        ("../..", "own directory"),
        (".git/x", "not for outputs"),
        ("a/.pivot/x", "not for outputs"),
        ("pipeline.py", "own file"),
        ("./pivot.yaml", "own file"),
    ],
)
def test_these_cannot_be_outputs(path: str, why: str) -> None:
    with pytest.raises(DefinitionError, match=why):
        output_spec(path, "output", None)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [("a", "a", True), ("a", "a/b", True), ("a/b", "a", True), ("a", "ab", False), ("a/b", "a/c", False)],
)
def test_paths_overlap_when_one_lies_in_the_other(first: str, second: str, expected: bool) -> None:
    assert overlap(first, second) is expected


def test_a_specification_lists_its_paths() -> None:
    assert paths_of("a") == ("a",)
    assert paths_of(["a", "b"]) == ("a", "b")
