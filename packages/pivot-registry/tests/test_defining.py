"""From what is registered to what travels."""

import json
from pathlib import Path
from typing import Annotated, Any, TypedDict

from pivot.loaders import JSON, Text
from pivot.outputs import Dep, DirectoryOut, IncrementalOut, Metric, Out, Plot
from pivot.registry import StageRegistry, define
from pivot.registry.definition import Identity, Input, Origin, Output, OutputKind, StageDefinition
from pivot.registry.layout import state_dir_of
from pivot.registry.types import PipelineName, StageName, StageRef
from pivot.stage_def import StageParams

REF = StageRef(PipelineName("p"), StageName("s"))
IDENTITY = Identity("0" * 64, "3.13")


class Params(StageParams):
    names: frozenset[str] = frozenset("ba")


class Outputs(TypedDict):
    a: Annotated[str, Out("a", Text())]
    b: Annotated[list[Any], Metric(["b"])]
    c: Annotated[str, Plot("c.png")]
    d: Annotated[Any, DirectoryOut("d", Text())]
    e: Annotated[Any, IncrementalOut("e", JSON())]


def stage(
    params: Params, one: Annotated[str, Dep("in", Text())], many: Annotated[list[str], Dep(("x", "y"), Text())]
) -> Outputs: ...


def _defined(tmp_path: Path, **options: Any) -> StageDefinition:
    registry = StageRegistry()
    registry.register(stage, "s", mutex=["*"], resources={"gpu": 1}, retries=2, timeout=30)
    return define(
        registry.get("s"),
        ref=REF,
        root=tmp_path,
        state_dir=state_dir_of(tmp_path),
        identity=IDENTITY,
        origin=Origin("m:f", ("x",)),
        **options,
    )


def test_inputs_and_outputs_travel_as_paths_with_their_kind(tmp_path: Path) -> None:
    found = _defined(tmp_path)
    assert found.inputs == (Input("one", ("in",)), Input("many", ("x", "y"), many=True))
    assert found.outputs == (
        Output("a", ("a",)),
        Output("b", ("b",), OutputKind.METRIC, many=True),
        Output("c", ("c.png",), OutputKind.PLOT),
        Output("d", ("d",), OutputKind.DIRECTORY),
        Output("e", ("e",), OutputKind.INCREMENTAL),
    )


def test_everything_else_travels_too(tmp_path: Path) -> None:
    found = _defined(tmp_path)
    assert (found.ref, found.root, found.state_dir) == (REF, tmp_path, tmp_path / ".pivot")
    assert (found.mutex, found.identity, found.origin) == (("*",), IDENTITY, Origin("m:f", ("x",)))
    assert (found.resources, found.retries, found.timeout) == ({"gpu": 1}, 2, 30)
    assert json.dumps(found.params) == '{"names": ["a", "b"]}'


def test_its_place_is_relative_to_the_project(tmp_path: Path) -> None:
    line = stage.__code__.co_firstlineno
    assert _defined(tmp_path).place == f"test_defining.py:{line}"
    assert _defined(tmp_path, base=Path(__file__).parent.parent).place == f"tests/test_defining.py:{line}"
