"""What the annotations of a stage function declare."""

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple, NotRequired, Required, TypedDict

import pytest
from pydantic import BaseModel

from pivot.loaders import CSV, JSON, PathOnly, Text
from pivot.outputs import Dep, IncrementalOut, Metric, Out, PlaceholderDep
from pivot.registry.errors import DefinitionError
from pivot.registry.signature import StageSignature, check_all_filled, signature_of
from pivot.stage_def import StageParams

ROWS = Dep("rows.json", JSON())
MODEL = Out("model.json", JSON())


class Params(StageParams):
    rate: float = 0.1


class Outputs(TypedDict):
    model: Annotated[dict[str, Any], MODEL]
    score: NotRequired[Annotated[float, Metric("score.json")]]


def read(func: Callable[..., Any]) -> StageSignature:
    taken = signature_of(func, "pipeline.py:1")
    check_all_filled(taken, "pipeline.py:1")
    return taken


def test_parameters_say_where_their_values_come_from() -> None:
    def train(params: Params, rows: Annotated[list[Any], ROWS], depth: int = 3) -> None: ...

    taken = read(train)
    assert taken.deps == {"rows": ROWS}
    assert (taken.params_arg, taken.params_class) == ("params", Params)
    assert list(taken.plain) == ["depth"]
    assert taken.outs == {}


def test_annotations_as_text_mean_the_same() -> None:
    def train(params: "Params", rows: "Annotated[list[Any], ROWS]") -> "Annotated[Any, MODEL]": ...

    taken = read(train)
    assert (taken.deps, taken.outs, taken.params_class) == ({"rows": ROWS}, {"return": MODEL}, Params)


def test_a_type_that_only_type_checkers_import_does_not_matter() -> None:
    def train(rows: "Annotated[pandas.DataFrame, ROWS]") -> "Annotated[polars.DataFrame | None, MODEL]": ...  # noqa: F821

    taken = read(train)
    assert (taken.deps, taken.outs) == ({"rows": ROWS}, {"return": MODEL})


def test_variables_of_enclosing_functions_are_seen() -> None:
    here = Dep("here.txt", Text())

    def train(rows: "Annotated[str, here]") -> None:
        assert here

    assert read(train).deps == {"rows": here}


@pytest.mark.parametrize(
    "annotation",
    [
        Annotated[str, ROWS],
        Annotated[str, "a note", ROWS, 3],
        Annotated[str, ROWS] | None,
        Annotated[str | None, ROWS],
        Annotated[Annotated[str, ROWS], "outside"],
    ],
)
def test_a_dep_is_found_wherever_it_stands(annotation: Any) -> None:
    def train(rows: Any) -> None: ...

    train.__annotations__["rows"] = annotation
    assert read(train).deps == {"rows": ROWS}


@pytest.mark.parametrize("kind", ["TypedDict", "NamedTuple", "dataclass"])
def test_a_record_has_an_output_for_every_key(kind: str) -> None:
    class Tuple(NamedTuple):
        model: Annotated[Any, MODEL]

    @dataclass
    class Data:
        model: Annotated[Any, MODEL]

    class Dict(TypedDict, total=False):
        model: Required[Annotated[Any, MODEL]]

    def train() -> Any: ...

    train.__annotations__["return"] = {"TypedDict": Dict, "NamedTuple": Tuple, "dataclass": Data}[kind]
    assert read(train).outs == {"model": MODEL}


def test_keys_that_may_be_missing_count_too() -> None:
    def train() -> Outputs: ...

    assert list(read(train).outs) == ["model", "score"]


def test_a_record_that_is_one_output_is_one_output() -> None:
    def train() -> Annotated[Outputs, Out("all.json", JSON())]: ...

    assert list(read(train).outs) == ["return"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="`type` statements came with 3.12")
def test_a_type_alias_is_what_it_stands_for() -> None:
    space = {"Annotated": Annotated, "ROWS": ROWS}
    exec("type Rows = Annotated[str, ROWS]\ndef train(rows: Rows) -> None: ...", space)
    train: Any = space["train"]
    assert read(train).deps == {"rows": ROWS}


def test_a_record_without_any_output_is_just_a_value() -> None:
    class Plain(TypedDict):
        a: int

    def train() -> Plain: ...

    assert read(train).outs == {}


def test_loaders_see_the_type_that_they_load_into() -> None:
    polars = pytest.importorskip("polars")

    def train(one: Any, many: Any) -> None: ...

    train.__annotations__["one"] = Annotated[polars.DataFrame, Dep("a.csv", CSV())]
    train.__annotations__["many"] = Annotated[list[polars.DataFrame], Dep(["a.csv"], CSV())]
    deps = read(train).deps
    assert [dep.loader for dep in deps.values()] == [CSV(library="polars")] * 2


class Model:
    def fit(self, rows: Annotated[str, ROWS]) -> Annotated[str, MODEL]: ...

    def __call__(self, rows: Annotated[str, ROWS]) -> Annotated[str, MODEL]: ...


def _plain(rows: Annotated[str, ROWS], factor: int) -> Annotated[str, MODEL]: ...


@functools.wraps(_plain)
def _wrapping(*args: Any, **options: Any) -> Any: ...


@functools.lru_cache
def _cached(rows: Annotated[str, ROWS]) -> Annotated[str, MODEL]: ...


@pytest.mark.parametrize(
    "func",
    [
        Model().fit,
        Model(),
        functools.partial(_plain, factor=2),
        functools.partial(functools.partial(_plain), factor=2),
        functools.partial(_wrapping, factor=3),
        functools.partial(Model().fit),
        _cached,
    ],
    ids=["method", "instance", "partial", "partial of partial", "wrapped", "partial of method", "cached"],
)
def test_every_callable_has_a_signature(func: Any) -> None:
    taken = read(func)
    assert (taken.deps, taken.outs) == ({"rows": ROWS}, {"return": MODEL})


def test_an_incremental_output_may_be_received() -> None:
    def grow(seen: Annotated[Any, IncrementalOut("seen.json", JSON())] = None) -> None: ...

    assert list(read(grow).incremental) == ["seen"]


def test_a_placeholder_is_a_dep_without_a_path() -> None:
    def train(rows: Annotated[str, PlaceholderDep(Text())]) -> None: ...

    assert read(train).deps == {"rows": PlaceholderDep(Text())}


def test_the_params_class_may_be_optional() -> None:
    def train(params: Params | None = None) -> None: ...

    assert read(train).params_class is Params


class OtherModel(BaseModel):
    x: int = 0


def unannotated(rows): ...  # type: ignore[no-untyped-def]


def undeclared(rows: str) -> None: ...


def misspelled(rows: "Anotated[str, ROWS]") -> None: ...  # type: ignore[name-defined]  # noqa: F821


def output_as_parameter(model: Annotated[Path, Out("m", PathOnly())]) -> None: ...


def two_deps(rows: Annotated[str, ROWS, Dep("b", JSON())]) -> None: ...


def two_params(a: Params, b: Params) -> None: ...


def other_model(params: OtherModel) -> None: ...


def positional_only(rows: Annotated[str, ROWS], /) -> None: ...


async def asynchronous() -> None: ...


def dep_as_default(rows: str = Dep("a", JSON())) -> None: ...  # type: ignore[assignment]


def dep_alone(rows: ROWS) -> None: ...  # type: ignore[valid-type]


def returns_out_alone() -> Out("a", JSON()): ...  # type: ignore[valid-type]


def returns_literal() -> {"a": Annotated[str, MODEL]}: ...  # type: ignore[valid-type]  # noqa: F821


def returns_several() -> (Annotated[str, MODEL], Annotated[str, Out("b", JSON())]): ...  # type: ignore[syntax]


def returns_dep() -> Annotated[str, ROWS]: ...


def returns_two() -> tuple[Annotated[str, MODEL], Annotated[str, Out("b", JSON())]]: ...


def returns_unknown() -> "Outptus": ...  # type: ignore[name-defined]  # noqa: F821


class Half(TypedDict):
    model: Annotated[str, MODEL]
    other: int


class Twice(TypedDict):
    model: Annotated[str, MODEL, Out("b", JSON())]


class Misspelled(TypedDict):
    model: "Anotated[str, MODEL]"  # type: ignore[name-defined]  # noqa: F821


def returns_half() -> Half: ...


def returns_twice() -> Twice: ...


def returns_misspelled() -> Misspelled: ...


@pytest.mark.parametrize(
    ("func", "what"),
    [
        (unannotated, "nothing gives the parameter 'rows' a value: it has no annotation"),
        (undeclared, "nothing gives the parameter 'rows' a value: its annotation has no Dep"),
        (misspelled, r"not defined \(Anotated\)"),
        (output_as_parameter, "the parameter 'model' is annotated with Out, an output"),
        (two_deps, "the parameter 'rows' is annotated twice"),
        (two_params, "both 'a' and 'b' are StageParams"),
        (other_model, "the class of 'params' is a pydantic model, but no StageParams"),
        (positional_only, "the parameter 'rows' is positional-only"),
        (asynchronous, "an async function cannot be a stage"),
        (Model, "the class Model cannot be a stage"),
        ("train", "a str cannot be a stage"),
        (dict.fromkeys, "nothing gives the parameter|cannot be read|positional-only"),
        (iter, "its parameters cannot be read|positional-only"),
        (dep_as_default, "the default of the parameter 'rows' is a Dep"),
        (dep_alone, "nothing gives the parameter 'rows' a value: a Dep alone is no annotation"),
        (returns_out_alone, "its return annotation is not a type, but of type Out"),
        (returns_literal, "its return annotation is not a type, but of type dict"),
        (returns_several, "its return annotation is not a type, but of type tuple"),
        (returns_dep, "the returned value is annotated with Dep, an input"),
        (returns_two, "its return annotation has several outputs"),
        (returns_unknown, r"its return annotation has a name that is not defined \(Outptus\)"),
        (returns_half, "the key 'other' of Half has no output"),
        (returns_twice, "the key 'model' of Twice has several outputs"),
        (returns_misspelled, r"the key 'model' of Misspelled has a name that is not defined \(Anotated\)"),
    ],
)
def test_a_mistake_has_a_place_a_cause_and_a_next_step(func: Any, what: str) -> None:
    with pytest.raises(DefinitionError, match=what) as caught:
        read(func)
    assert caught.value.where == "pipeline.py:1"
    assert caught.value.hint
    assert "\n" not in caught.value.hint


def loader_class(rows: Annotated[str, Dep("a", JSON)]) -> None: ...  # type: ignore[arg-type]


def loader_text(rows: Annotated[str, Dep("a", "json")]) -> None: ...  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("func", "what"),
    [
        (loader_class, r"the loader of Dep 'a' is the class JSON\n  hint: Give it a loader, such as JSON\(\)\."),
        (loader_text, r"the loader of Dep 'a' is 'json'\n  hint: Give it a loader, such as loaders\.CSV\(\)\."),
    ],
)
def test_what_is_no_loader_is_refused_where_it_is_declared(func: Any, what: str) -> None:
    with pytest.raises(DefinitionError, match=what):
        read(func)


def test_a_loader_s_own_mistake_stays_visible() -> None:
    class Odd(JSON):
        def suited_to(self, annotation: object) -> Any:
            raise TypeError("mine")

    def stage(rows: Annotated[str, Dep("a", Odd())]) -> None: ...

    with pytest.raises(TypeError, match="mine"):
        read(stage)
