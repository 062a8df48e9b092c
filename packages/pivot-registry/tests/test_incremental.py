"""What a stage with an IncrementalOut starts from."""

from pathlib import Path
from typing import Annotated, Any

from pivot.loaders import JSON, PathOnly
from pivot.outputs import IncrementalOut
from pivot.registry import StageRegistry
from pivot.registry.incremental import starting_points

SEEN = IncrementalOut("seen.json", JSON())
MANY = IncrementalOut(["a.json", "b.json"], JSON())


def _arguments(func: Any, root: Path) -> dict[str, Any]:
    registry = StageRegistry()
    registry.register(func, "s")
    info = registry.get("s")
    return starting_points(info["incremental"], info["outs"], info["defaults"], root)


def grow(seen: Annotated[Any, SEEN]) -> Annotated[Any, SEEN]: ...


def grow_from(seen: Annotated[Any, SEEN] = ()) -> Annotated[Any, SEEN]: ...


def grow_many(seen: Annotated[list[Any], MANY]) -> Annotated[list[Any], MANY]: ...


def grow_index(index: Annotated[Path, IncrementalOut("index", PathOnly())]) -> None: ...


def test_it_is_what_the_last_run_left(tmp_path: Path) -> None:
    (tmp_path / "seen.json").write_text("[1]")
    assert _arguments(grow, tmp_path) == {"seen": [1]}
    assert _arguments(grow_from, tmp_path) == {"seen": [1]}


def test_it_is_none_at_first(tmp_path: Path) -> None:
    assert _arguments(grow, tmp_path) == {"seen": None}


def test_at_first_the_default_of_the_parameter_holds(tmp_path: Path) -> None:
    assert _arguments(grow_from, tmp_path) == {}


def test_each_of_several_files_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text("2")
    assert _arguments(grow_many, tmp_path) == {"seen": [None, 2]}


def test_a_path_is_handed_whether_or_not_something_is_there(tmp_path: Path) -> None:
    assert _arguments(grow_index, tmp_path) == {"index": tmp_path / "index"}
