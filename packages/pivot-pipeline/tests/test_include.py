"""Composition: `a.include(b)`."""

from pathlib import Path
from typing import Any

import pytest

from pivot.pipeline import Pipeline
from pivot.pipeline.parts import find, joined
from pivot.registry.errors import DefinitionError


def train() -> None: ...


def made(name: str, root: Path, *stages: str) -> Pipeline:
    pipeline = Pipeline(name, root / name)
    for stage in stages:
        pipeline.register(train, stage)
    return pipeline


def test_included_stages_keep_their_state_root_and_name(tmp_path: Path) -> None:
    a, b = made("a", tmp_path, "report"), made("b", tmp_path, "train")
    a.include(b)
    info = a.get("b:train")
    assert (info["state_dir"], info["root"], info["name"]) == (tmp_path / "b/.pivot", tmp_path / "b", "train")
    assert [(part.name, part.root) for part in a.parts()] == [("a", a.root), ("b", b.root)]


def test_a_name_that_is_clear_needs_no_pipeline(tmp_path: Path) -> None:
    a, b = made("a", tmp_path, "report"), made("b", tmp_path, "train")
    a.include(b)
    assert a.list_stages() == ["report", "train"]
    assert a.get("train") is a.get("b:train")
    assert a.get("a:report") is a.get("report")


def test_names_never_collide(tmp_path: Path) -> None:
    a, b, c = made("a", tmp_path, "train"), made("b", tmp_path, "train", "x"), made("c", tmp_path, "x")
    a.include(b)
    a.include(c)
    assert a.list_stages() == ["train", "b:train", "b:x", "c:x"]
    assert a.get("train")["root"] == a.root
    with pytest.raises(DefinitionError, match="several stages are called 'x'") as caught:
        a.get("x")
    assert caught.value.hint == "Say which: b:x or c:x."


def test_include_is_a_snapshot(tmp_path: Path) -> None:
    a, b = made("a", tmp_path), made("b", tmp_path, "one")
    a.include(b)
    b.register(train, "two")
    assert a.list_stages() == ["one"]


def test_include_is_transitive(tmp_path: Path) -> None:
    a, b, c = made("a", tmp_path), made("b", tmp_path, "b"), made("c", tmp_path, "c")
    b.include(c)
    a.include(b)
    assert a.list_stages() == ["b", "c"]


def test_the_same_pipeline_included_twice_is_one(tmp_path: Path) -> None:
    a, b, c, d = (made(name, tmp_path, name) for name in "abcd")
    b.include(d)
    d.register(train, "later")
    c.include(d)
    a.include(b)
    a.include(c)
    a.include(c)
    assert a.list_stages() == ["a", "b", "d", "later", "c"]


def test_pipelines_may_include_each_other(tmp_path: Path) -> None:
    a, b = made("a", tmp_path, "a"), made("b", tmp_path, "b")
    a.include(b)
    b.include(a)
    assert (a.list_stages(), b.list_stages()) == (["a", "b"], ["b", "a"])


@pytest.mark.parametrize("name", ["a", "b"])
def test_two_pipelines_of_one_name_are_refused(tmp_path: Path, name: str) -> None:
    a, b = made("a", tmp_path, "a"), made("b", tmp_path, "b")
    a.include(b)
    other = made("other", tmp_path, "fine")
    other.include(Pipeline(name, tmp_path / "elsewhere"))
    with pytest.raises(DefinitionError, match=f"two pipelines are called {name!r}") as caught:
        a.include(other)
    assert str(tmp_path / name) in caught.value.what
    assert str(tmp_path / "elsewhere") in caught.value.what
    assert a.list_stages() == ["a", "b"], "include is atomic"


def test_two_pipelines_with_one_root_are_refused(tmp_path: Path) -> None:
    a = made("a", tmp_path)
    with pytest.raises(DefinitionError, match="the pipelines 'a' and 'twin' have one root"):
        a.include(Pipeline("twin", a.root))


@pytest.mark.parametrize("other", ["self", "a", None])
def test_only_other_pipelines_can_be_included(tmp_path: Path, other: Any) -> None:
    a = made("a", tmp_path)
    with pytest.raises(DefinitionError, match="cannot"):
        a.include(a if other == "self" else other)


def test_parts_are_found_by_reference_or_not_at_all(tmp_path: Path) -> None:
    parts = joined(made("a", tmp_path, "x").parts(), ())
    assert find(parts, "a:x") == (parts[0], "x")
    assert find(parts, "b:x") is None
    assert find(parts, "a:y") is None
