"""Hashing live values by structure."""

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import threading
import types
import typing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivot.fingerprint.values import Values, value_hash


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@dataclasses.dataclass(frozen=True)
class Point:
    x: int
    y: float = 0.0


@dataclasses.dataclass(slots=True)
class Slotted:
    x: int


class Plain:
    def __init__(self, **state):
        self.__dict__.update(state)


class Custom:
    def __init__(self, name, connection):
        self.name, self.connection = name, connection

    def __pivot_hash__(self):
        return self.name


class Broken:
    def __pivot_hash__(self):
        raise OSError


class Unpicklable:
    def __reduce_ex__(self, protocol):
        raise TypeError


class HalfPicklable:
    def __reduce__(self):
        return (HalfPicklable, (), None, self._items())

    def _items(self):
        raise TypeError
        yield


Row = collections.namedtuple("Row", "a b")


def double(x):
    return x * 2


DIFFERENT = [
    (1, True),
    (1, 1.0),
    (0.0, -0.0),
    ("1", b"1"),
    ("1", 1),
    (b"1", bytearray(b"1")),
    (None, "None"),
    (10**5000, 10**5000 + 1),
    (("ab", "c"), ("a", "bc")),
    ([1, 2], (1, 2)),
    ([1, [2]], [[1], 2]),
    ({1, 2}, frozenset({1, 2})),
    ({1: 2}, {2: 1}),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    (Colour.RED, Colour.BLUE),
    (Colour.RED, 1),
    (Point(1), Point(2)),
    (Point(1), Point(1, 0.5)),
    (Slotted(1), Slotted(2)),
    (Plain(a=1), Plain(a=2)),
    (Plain(a=1), Plain(b=1)),
    (Row(1, 2), (1, 2)),
    (Row(1, 2), Row(2, 1)),
    (Path("a"), "a"),
    (Path("a"), Path("b")),
    (Path("a"), pathlib.PurePosixPath("a")),
    (datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)),
    (datetime.datetime(2024, 1, 1), datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)),  # noqa: DTZ001
    (datetime.timedelta(1), datetime.timedelta(2)),
    (decimal.Decimal("1.0"), decimal.Decimal("1.00")),
    (fractions.Fraction(1, 2), fractions.Fraction(1, 3)),
    (re.compile("a"), re.compile("b")),
    (re.compile("a"), re.compile("a", re.IGNORECASE)),
    (range(3), range(4)),
    (slice(1, 2), slice(1, 3)),
    (collections.Counter("aab"), collections.Counter("abb")),
    (collections.OrderedDict(a=1), {"a": 1}),
    (collections.defaultdict(int), collections.defaultdict(float)),
    (collections.deque([1], 3), collections.deque([1], 4)),
    (array.array("i", [1]), array.array("i", [2])),
    (types.SimpleNamespace(a=1), types.SimpleNamespace(a=2)),
    (types.MappingProxyType({"a": 1}), types.MappingProxyType({"a": 2})),
    (double, len),
    (functools.partial(double, 1), functools.partial(double, 2)),
    (Plain, Point),
    (Point(1).__eq__, Point(2).__eq__),
    (list[int], list[str]),
    (int | None, int | str),
    (typing.Optional[int], typing.Optional[str]),  # noqa: UP045
    (os, sys),
    (Ellipsis, NotImplemented),
    (memoryview, bytes),
    (1 + 2j, 1 + 3j),
    (property(double), property(len)),
    (Custom("a", None), Custom("b", None)),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT, ids=range(len(DIFFERENT)))
def test_different_values_differ(one, other):
    assert value_hash(one).hash != value_hash(other).hash
    assert value_hash(one).unknown == value_hash(other).unknown == ()


@pytest.mark.parametrize("value", [one for one, _ in DIFFERENT], ids=range(len(DIFFERENT)))
def test_a_value_hashes_the_same_twice(value):
    assert value_hash(value) == value_hash(value)


def test_nan_is_itself():
    assert value_hash(float("nan")) == value_hash(float("nan"))


def test_equal_parts_count_the_same_whether_shared_or_not():
    shared = [1]
    assert value_hash([shared, shared]) == value_hash([[1], [1]])


def test_a_custom_hash_replaces_the_state_but_keeps_the_class():
    found = value_hash(Custom("a", connection=threading.local()))
    assert found.hash == value_hash(Custom("a", connection=None)).hash
    assert found.unknown == ()
    assert [code.qualname for code in found.code] == ["Custom"]


@pytest.mark.parametrize("value", [threading.local(), (n for n in ()), Unpicklable(), HalfPicklable(), Broken()])
def test_what_nothing_identifies_is_named(value):
    assert type(value).__name__.removeprefix("_") in value_hash(["x", {"a": value}]).unknown[0]


def test_a_lock_has_no_state_that_counts():
    lock = threading.Lock()
    with lock:
        held = value_hash(Plain(lock=lock, again=threading.RLock()))
    assert held == value_hash(Plain(lock=threading.Lock(), again=threading.RLock()))
    assert held.unknown == ()


def test_a_value_that_contains_itself_ends():
    def loop(n):
        items = [n]
        items.append(items)
        return items

    assert value_hash(loop(1)) == value_hash(loop(1))
    assert value_hash(loop(1)) != value_hash(loop(2))


def test_a_dense_net_of_objects_takes_one_visit_each():
    nodes = [Plain(name=n) for n in range(30)]
    for node in nodes:
        node.peers = nodes
    assert value_hash(nodes).unknown == ()


class Ranked:
    """Its hash, and so its place in a set, is what the test says."""

    def __init__(self, item, rank):
        self.item, self._rank = item, rank

    def __hash__(self):
        return self._rank

    def __getstate__(self):
        return {"item": self.item}


def test_the_order_of_a_set_of_entangled_objects_does_not_matter():
    def entangled(ranks):
        one, two = Plain(name="one"), Plain(name="two")
        one.other, two.other = two, one
        return {Ranked(item, rank) for item, rank in zip((one, two), ranks, strict=True)}

    assert [item._rank for item in entangled((2, 1))] == [1, 2]
    assert value_hash(entangled((1, 2))).hash == value_hash(entangled((2, 1))).hash


def test_what_is_nested_too_deeply_is_said():
    deep = []
    for _ in range(5_000):
        deep = [deep]
    assert value_hash(deep).unknown == ("list (nested too deeply)",)


def test_functions_and_classes_met_are_reported_and_those_of_pivot_are_not():
    from pivot.registry.types import StageRef

    met = {code.qualname for code in value_hash({"f": double, "p": Point(1), "s": StageRef}).code}
    assert {"double", "Point"} <= met
    assert not met & {"StageRef"}


def test_a_class_of_a_factory_counts_by_what_it_was_made_with():
    def make(n):
        class Local:
            limit = n
            __slots__ = ("a",)

            def above(self, x):
                return x > n

        return Local

    assert value_hash(make(1)) == value_hash(make(1))
    assert value_hash(make(1)).hash != value_hash(make(2)).hash


def test_a_dataclass_of_a_factory_is_identified():
    def make(n):
        @dataclasses.dataclass
        class Local:
            x: int = n

        return Local

    assert value_hash(make(1)).hash != value_hash(make(2)).hash
    assert value_hash(make(1)).unknown == ()


def test_a_wrapping_instance_does_not_count_the_doc_that_it_copied():
    def wrapped(doc):
        def inner(): ...

        inner.__doc__ = doc
        return functools.update_wrapper(Plain(), inner)

    assert value_hash(wrapped("a")).hash == value_hash(wrapped("b")).hash


def test_paths_below_the_project_are_relative_to_it():
    project = Path("/home/me/work")
    inside = value_hash([project / "a", str(project / "a"), str(project)], project)
    assert inside == value_hash([Path("/x/a"), "/x/a", "/x"], Path("/x"))
    assert value_hash("/home/me/workshop", project) == value_hash("/home/me/workshop", Path("/x"))
    assert inside != value_hash([Path("a"), "a", ""], project)


def _pydantic():
    import pydantic

    class Model(pydantic.BaseModel):
        a: int = 1
        b: list[str] = []

    return Model


def test_pydantic_models_count_by_their_fields():
    model = _pydantic()
    assert value_hash(model(a=2, b=["x"])) == value_hash(model(a=2, b=["x"]))
    assert value_hash(model(a=2)).hash != value_hash(model(a=3)).hash
    assert value_hash(model(a=2)).unknown == ()


def test_numpy_values_count_by_type_shape_and_bytes():
    np = pytest.importorskip("numpy")
    values = [
        np.arange(6),
        np.arange(6).reshape(2, 3),
        np.arange(6, dtype="f8"),
        np.array(["a", None], dtype=object),
        np.array(["b", None], dtype=object),
        np.array([(1, 2.0)], dtype=[("x", "i4"), ("y", "f8")]),
        np.float64(1.0),
        np.float32(1.0),
        np.datetime64("2024-01-01"),
        np.dtype("i4"),
        np.add,
        np.multiply,
        np.random.default_rng(1),
        np.random.default_rng(2),
        np.ma.masked_array([1, 2], [True, False]),
    ]
    hashes = [value_hash(value).hash for value in values]
    assert len(set(hashes)) == len(values)
    assert all(value_hash(value).unknown == () for value in values)
    assert value_hash(np.arange(6).reshape(2, 3)) == value_hash(np.asfortranarray(np.arange(6).reshape(2, 3)))
    assert value_hash(np.arange(10)[::2]) == value_hash(np.array([0, 2, 4, 6, 8]))


def test_pandas_values_count_by_columns_index_and_types():
    pd = pytest.importorskip("pandas")
    frames = [
        pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        pd.DataFrame({"a": [1, 3], "b": ["x", "y"]}),
        pd.DataFrame({"a": [1, 2], "c": ["x", "y"]}),
        pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}, index=[1, 2]),
        pd.DataFrame({"a": [1.0, 2], "b": ["x", "y"]}),
        pd.DataFrame({"a": pd.Categorical(["x", "y"]), "b": ["x", "y"]}),
        pd.DataFrame({"a": pd.Categorical(["x", "y"], ["y", "x"]), "b": ["x", "y"]}),
        pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}),
        pd.Series([1, 2], name="s"),
        pd.Series([1, 2], name="t"),
        pd.Series(pd.date_range("2024", periods=2, tz="UTC")),
        pd.Index([1, 2]),
        pd.MultiIndex.from_tuples([(1, "a"), (2, "b")]),
        pd.Timestamp("2024-01-01"),
        pd.NA,
        pd.NaT,
    ]
    found = [value_hash(frame) for frame in frames]
    assert len({one.hash for one in found}) == len(frames)
    assert [one.unknown for one in found] == [()] * len(frames)
    assert value_hash(frames[0]) == value_hash(frames[0].copy())


def test_polars_and_arrow_values_are_identified():
    pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    one, other = pl.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": [1, 3]})
    assert value_hash(one) == value_hash(one.clone())
    assert value_hash(one).hash != value_hash(other).hash
    table = pa.table({"a": [1, 2]})
    assert value_hash(table) == value_hash(pa.table({"a": [1, 2]}))
    assert value_hash(table).hash != value_hash(pa.table({"a": [1, 3]})).hash


ELSEWHERE = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("cases_of_values", sys.argv[1])
module = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = module
spec.loader.exec_module(module)
print(module.digest_of_all())
"""


def digest_of_all() -> str:
    values = [one for one, _ in DIFFERENT]
    words = {f"word {n}" for n in range(50)}
    extra = [words, frozenset(words), {Point(n) for n in range(20)}, Plain(words=words), _pydantic()(b=["x"])]
    if importlib.util.find_spec("pandas"):
        import pandas as pd

        extra += [pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [None, {3}]}), pd.Categorical(["a", "b"])]
    return value_hash([values, extra]).hash


def test_hashes_are_equal_in_every_process():
    def run(seed):
        environ = os.environ | {"PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", ELSEWHERE, __file__]
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout

    assert run("1") == run("2")


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
)


@given(PLAIN, PLAIN)
def test_hashes_are_equal_exactly_when_the_values_read_the_same(one, other):
    assert (value_hash(one) == value_hash(other)) == (repr(one) == repr(other))


class SaysItself:
    """Is more than what is pickled of it."""

    def __init__(self, told):
        self.told = told

    def __getstate__(self):
        return {}

    def __pivot_hash__(self):
        return self.told


@pytest.mark.parametrize("around", [lambda value: value, lambda value: [value]])
def test_what_says_itself_what_it_is_is_not_told_by_what_is_pickled_of_it(around):
    values = Values()
    assert values.of_small(around(SaysItself(1))) != values.of_small(around(SaysItself(2)))


def test_values_that_are_pickled_alike_are_identified_as_each_by_itself():
    values = Values()
    for value in (Colour.RED, Colour.RED, {"a": (1, True)}, {"a": (True, 1)}, lambda: 1, threading.Lock()):
        assert values.of_small(value).hash == value_hash(value).hash
