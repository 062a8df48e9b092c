"""A registry of stages."""

import functools
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest

import pivot.registry
from pivot.loaders import JSON, PathOnly, Text
from pivot.outputs import Dep, DirectoryOut, IncrementalOut, Metric, Out, PlaceholderDep
from pivot.registry import RegistryStageInfo, StageRegistry, UnknownStageError
from pivot.registry.errors import DefinitionError
from pivot.stage_def import StageParams


class Params(StageParams):
    rate: float = 0.1


TUNED = Params(rate=9)


class OtherParams(StageParams):
    rate: float = 0.1


class Needy(StageParams):
    must: int


class Outputs(TypedDict):
    model: Annotated[str, Out("model.txt", Text())]
    scores: Annotated[list[Any], Metric(["a.json", "b.json"])]


def train(params: Params, rows: Annotated[str, Dep("rows.txt", Text())]) -> Outputs: ...


def copy(rows: Annotated[str, PlaceholderDep(Text())]) -> Annotated[str, Out("copy.txt", Text())]: ...


def nothing() -> None: ...


def registered(func: Any = train, **options: Any) -> RegistryStageInfo:
    registry = StageRegistry()
    registry.register(func, **options)
    return registry.get(registry.list_stages()[0])


def test_a_stage_carries_the_directory_of_its_state(tmp_path: Path) -> None:
    registry = StageRegistry()
    registry.register(nothing, name="s", state_dir=tmp_path)
    assert registry.get("s")["state_dir"] == tmp_path


def test_a_bare_registry_may_leave_the_state_to_run_time() -> None:
    assert registered(nothing)["state_dir"] is None


def test_everything_about_a_stage_is_there() -> None:
    info = registered(
        mutex=["gpu"], variant="us", params=Params(rate=0.3), version="2", ignore=["log"], depends=["a.sql"]
    )
    assert (info["name"], info["func"], info["variant"]) == ("train@us", train, "us")
    assert info["deps"] == {"rows": Dep("rows.txt", Text())}
    assert list(info["outs"]) == ["model", "scores"]
    assert (info["deps_paths"], info["outs_paths"]) == (["rows.txt"], ["model.txt", "a.json", "b.json"])
    assert (info["params_arg"], info["params"], info["mutex"]) == ("params", Params(rate=0.3), ["gpu"])
    assert (info["version"], info["ignore"], info["depends"]) == ("2", ["log"], ["a.sql"])
    assert info["place"] == f"test_registry.py:{train.__code__.co_firstlineno}"
    assert info["defaults"] == {}


def test_what_a_stage_asks_for_is_read_once() -> None:
    info = registered(nothing, resources={"gpu": 0.5, "memory": "2G"}, retries=2, timeout="10m")
    assert (info["resources"], info["retries"], info["timeout"]) == ({"gpu": 0.5, "memory": 2 * 1024**3}, 2, 600)
    info = registered(nothing)
    assert (info["resources"], info["retries"], info["timeout"]) == ({}, None, None)


def test_stages_are_listed_in_the_order_of_their_registration() -> None:
    registry = StageRegistry()
    for name in ("b", "a", "c"):
        registry.register(nothing, name)
    assert registry.list_stages() == ["b", "a", "c"]
    assert len(registry) == 3
    assert "b" in registry
    assert "x" not in registry


def test_registries_know_nothing_of_each_other() -> None:
    StageRegistry().register(nothing)
    assert StageRegistry().list_stages() == []


def test_an_unknown_stage_is_suggested() -> None:
    registry = StageRegistry()
    registry.register(train)
    with pytest.raises(UnknownStageError, match="there is no stage 'trian'") as caught:
        registry.get("trian")
    assert caught.value.hint == "Did you mean train?"
    assert isinstance(caught.value, KeyError)
    assert str(caught.value).startswith("there is no")


def test_a_name_is_given_once() -> None:
    registry = StageRegistry()
    registry.register(train)
    with pytest.raises(DefinitionError, match=r"stage 'train' is registered twice: test_registry.py:\d+ and test_reg"):
        registry.register(nothing, "train")
    assert registry.get("train")["func"] is train


def test_paths_can_be_overridden_in_their_own_shape() -> None:
    info = registered(
        dep_path_overrides={"rows": "us/rows.txt"}, out_path_overrides={"model": "us/m.txt", "scores": ["1.json"]}
    )
    assert info["deps_paths"] == ["us/rows.txt"]
    assert info["outs_paths"] == ["us/m.txt", "1.json"]


def test_a_placeholder_takes_any_shape() -> None:
    assert registered(copy, dep_path_overrides={"rows": ["a", "b"]})["deps_paths"] == ["a", "b"]
    assert registered(copy, dep_path_overrides={"rows": "a"})["deps"]["rows"].path == "a"


@pytest.mark.parametrize("params", [Params, None, {"rate": 0.1}, Params(rate=0.1)])
def test_parameters_come_as_values_a_class_fields_or_defaults(params: Any) -> None:
    assert registered(params=params)["params"] == Params()


def test_the_default_of_the_function_is_the_default_of_the_stage() -> None:
    def tuned(params: Params = TUNED) -> None: ...

    assert registered(tuned)["params"] == Params(rate=9)
    assert registered(tuned, params=Params)["params"] == Params()


def test_a_params_argument_without_annotation_takes_what_is_given() -> None:
    def loose(params) -> None: ...  # type: ignore[no-untyped-def]

    assert registered(loose, params=Params())["params_arg"] == "params"


def test_one_name_stands_for_a_list_of_one() -> None:
    info = registered(nothing, mutex="gpu", ignore="log", depends="a.sql")
    assert (info["mutex"], info["ignore"], info["depends"]) == (["gpu"], ["log"], ["a.sql"])


def test_an_incremental_output_is_received_and_returned() -> None:
    seen = IncrementalOut("seen.json", JSON())

    def grow(old: Annotated[Any, seen]) -> Annotated[Any, seen]: ...

    info = registered(grow, out_path_overrides={"return": "us/seen.json"})
    assert info["incremental"] == {"old": "return"}
    assert (info["deps"], info["outs_paths"]) == ({}, ["us/seen.json"])


def test_an_incremental_path_is_an_output_by_itself() -> None:
    def grow(index: Annotated[Path, IncrementalOut("index", PathOnly())]) -> None: ...

    info = registered(grow)
    assert info["incremental"] == {"index": "index"}
    assert info["outs_paths"] == ["index"]


def no_name() -> Any:
    return functools.partial(train)


def own_output(rows: Annotated[str, Dep("a/b.txt", Text())]) -> Annotated[str, DirectoryOut("a", Text())]: ...


class TwoInOne(TypedDict):
    first: Annotated[Any, DirectoryOut("out", Text())]
    second: Annotated[str, Out("out/b.txt", Text())]


def two_in_one() -> TwoInOne: ...


def lost(seen: Annotated[Any, IncrementalOut("seen.json", JSON())]) -> None: ...


def absolute() -> Annotated[str, Out("/tmp/x", Text())]: ...


def needy(params: Needy) -> None: ...


def no_class(params) -> None: ...  # type: ignore[no-untyped-def]


@pytest.mark.parametrize(
    ("func", "options", "what"),
    [
        (train, {"name": "a b"}, "'a b' cannot be the name of a stage"),
        (train, {"variant": "a/b"}, "'train@a/b' cannot be the name"),
        (lambda: None, {}, "the stage has no name"),
        (no_name(), {}, "the stage has no name"),
        (train, {"dep_path_overrides": {"row": "a"}}, "stage train has no input 'row'"),
        (train, {"out_path_overrides": {"models": "a"}}, "stage train has no output 'models'"),
        (train, {"dep_path_overrides": {"rows": ["a"]}}, "input 'rows' of stage train takes one path"),
        (train, {"out_path_overrides": {"scores": "a"}}, "output 'scores' of stage train takes a list of paths"),
        (train, {"out_path_overrides": {"model": "../"}}, "own directory, or one above"),
        (train, {"dep_path_overrides": {"rows": "model.txt"}}, "stage train reads model.txt and writes model.txt"),
        (train, {"out_path_overrides": {"model": "a.json"}}, "stage train writes a.json twice"),
        (own_output, {}, "reads a/b.txt and writes a"),
        (two_in_one, {}, "has two outputs, out and out/b.txt, in one place"),
        (copy, {}, "input 'rows' of stage copy is a PlaceholderDep without a path"),
        (absolute, {}, "is absolute"),
        (lost, {}, "receives seen.json as 'seen', but does not return it"),
        (train, {"params": OtherParams()}, "params of stage train must be a Params, not a OtherParams"),
        (train, {"params": 3}, "must be a Params, not a int"),
        (train, {"params": {"rat": 1}}, "Params has no field rat"),
        (nothing, {"params": Params()}, "stage nothing is given params, but its function takes none"),
        (needy, {}, "stage needy needs params: Needy: must: field required"),
        (needy, {"params": Needy}, "stage needy needs params"),
        (no_class, {}, "stage no_class needs params"),
        (no_class, {"params": 3}, "must be a"),
        (nothing, {"mutex": [""]}, "mutex must be a list of names"),
        (nothing, {"resources": ["gpu"]}, "resources must map names to amounts, not be"),
        (nothing, {"resources": {"": 1}}, "a resource has a name"),
        (nothing, {"resources": {"gpu": -1}}, "resource 'gpu': expected a number"),
        (nothing, {"retries": 0.5}, "retries: expected a whole number"),
        (nothing, {"timeout": "soon"}, "timeout: expected a number of seconds"),
        (nothing, {"ignore": [3]}, "ignore must be a list of names"),
    ],
)
def test_a_mistake_has_a_place_a_cause_and_a_next_step(func: Any, options: dict[str, Any], what: str) -> None:
    registry = StageRegistry()
    with pytest.raises(DefinitionError, match=what) as caught:
        registry.register(func, **options)
    assert str(caught.value.where).startswith("test_registry.py:") or func.__class__ is functools.partial
    assert caught.value.hint
    assert registry.list_stages() == []


def test_what_is_no_function_is_refused_as_such() -> None:
    with pytest.raises(DefinitionError, match=r"a str cannot be a stage\n  hint: Register a function itself"):
        StageRegistry().register("train")  # type: ignore[arg-type]


def test_the_package_gives_its_names_when_asked() -> None:
    assert all(getattr(pivot.registry, name) for name in pivot.registry.__all__)
    assert dir(pivot.registry) == sorted(pivot.registry.__all__)
    with pytest.raises(AttributeError, match="Registry"):
        pivot.registry.Registry  # noqa: B018


@pytest.mark.usefixtures("bare_interpreters")
@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("pivot.registry.definition", ["inspect", "pydantic", "yaml", "networkx"]),
        ("pivot.registry.registry", ["pydantic", "yaml", "numpy", "networkx", "difflib"]),
        ("pivot.outputs", ["pydantic", "pivot.loaders.tables"]),
    ],
)
def test_importing_stays_light(module: str, heavy: list[str]) -> None:
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"
