"""From live functions to roots."""

import functools
import json
import operator
import sys
import threading
import types
from pathlib import Path

import pytest

from pivot.fingerprint.roots import STALE, Root, root_of


def add(rows, amount=1, *, scale=2):
    return rows + amount * scale


def make(factor, log=None):
    def scaled(rows):
        return rows * factor if log is None else log(rows)

    return scaled


class Trainer:
    def __init__(self, rate):
        self.rate = rate

    def fit(self, rows):
        return rows * self.rate

    @classmethod
    def create(cls, rows):
        return cls(rows)


class Scaler:
    def __init__(self, by):
        self.by = by

    def __call__(self, rows):
        return rows * self.by


def traced(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


@traced
def decorated(rows):
    return rows


@functools.lru_cache(maxsize=8)
def cached(rows):
    return rows


@functools.singledispatch
def shown(value):
    return value


@shown.register
def _(value: int):
    return str(value)


TABLE = {"one": lambda rows: rows + 1, "two": lambda rows: rows + 2}


def labels(root: Root) -> list[str]:
    return [label for label, _ in root.values]


def names(root: Root) -> set[str]:
    return {other.qualname for other in root.also}


def test_a_plain_function_is_its_place():
    root = root_of(traced)
    assert (root.module, root.qualname, root.values, root.also, root.notes) == (__name__, "traced", (), (), ())
    assert root.line == traced.__code__.co_firstlineno


def test_defaults_count_by_value():
    assert labels(root_of(add)) == ["default amount", "default scale"]


def test_functions_made_in_a_loop_differ_by_their_defaults():
    made = []
    for number in (1, 2):

        def step(rows, number=number):
            return rows + number

        made.append(root_of(step))
    assert made[0] != made[1]
    assert made[0]._replace(values=()) == made[1]._replace(values=())


def test_a_closure_counts_by_what_it_holds():
    one, same, other = root_of(make(1)), root_of(make(1)), root_of(make(2))
    assert one == same != other
    assert one.qualname == "make.<locals>.scaled"
    assert labels(one) == ["closure factor", "closure log"]


def test_code_held_by_a_closure_is_a_root_too():
    root = root_of(make(1, log=add))
    assert names(root) == {"add"}
    assert {other.line for other in root.also} == {add.__code__.co_firstlineno}


def test_a_name_that_the_factory_binds_later_is_no_obstacle():
    def outer():
        def inner():
            return later

        found = root_of(inner)
        later = 1
        return found, later

    assert labels(outer()[0]) == ["closure later"]


def test_a_recursive_local_function_ends():
    def outer():
        def inner(n):
            return n and inner(n - 1)

        return inner

    assert root_of(outer()) == root_of(outer())


def test_a_partial_counts_its_arguments():
    root = root_of(functools.partial(add, 3, scale=4))
    assert root.qualname == "add"
    assert {"partial arg 0", "partial keyword scale"} <= set(labels(root))
    assert root != root_of(functools.partial(add, 3, scale=5))


def test_a_partial_of_a_local_function_counts_both():
    assert root_of(functools.partial(make(2), 1)) != root_of(functools.partial(make(3), 1))


def test_a_bound_method_counts_its_object_and_its_class():
    root = root_of(Trainer(0.1).fit)
    assert (root.qualname, labels(root), names(root)) == ("Trainer.fit", ["self"], {"Trainer"})
    assert root != root_of(Trainer(0.2).fit)


def test_a_class_method_counts_its_class():
    root = root_of(Trainer.create)
    assert (root.qualname, names(root)) == ("Trainer.create", {"Trainer"})


def test_a_callable_instance_counts_its_state():
    root = root_of(Scaler(2))
    assert (root.qualname, names(root)) == ("Scaler.__call__", {"Scaler"})
    assert root != root_of(Scaler(3))


def test_a_decorated_function_is_its_wrapper_and_itself():
    root = root_of(decorated)
    assert root.qualname == "traced.<locals>.wrapper"
    assert names(root) == {"decorated"}


def test_a_cached_function_is_found_under_its_cache():
    assert root_of(cached).qualname == "cached"
    assert labels(root_of(cached)) == ["cache"]


def test_a_single_dispatch_counts_every_implementation():
    root = root_of(shown)
    assert {"_", "shown"} <= names(root) | {root.qualname}
    assert labels(root) == ["dispatch int", "dispatch object"]


def test_a_cache_of_what_was_dispatched_does_not_count():
    before = root_of(shown)
    shown(1)
    assert root_of(shown) == before


def test_lambdas_of_one_line_differ():
    one, two = root_of(TABLE["one"]), root_of(TABLE["two"])
    assert one.line == two.line
    assert one.values != two.values
    line = Path(__file__).read_text().splitlines()[one.line - 1].encode()
    assert [line[root.column :].split(b",")[0].rstrip(b"}") for root in (one, two)] == [b"rows + 1", b"rows + 2"]


def test_a_lambda_over_two_lines_has_no_column():
    function = (  # noqa: E731
        lambda rows:
        rows
    )  # fmt: skip
    assert root_of(function).column == -1


def test_functions_made_of_text_differ_by_what_was_compiled():
    def compiled(text):
        space = {"__name__": __name__}
        exec(text, space)
        return root_of(space["f"])

    assert compiled("def f(): return 1") != compiled("def f(): return 2")
    assert compiled("def f(): return 1") == compiled("def f():\n    # said\n    return 1")


def test_a_function_of_c_is_its_name():
    assert root_of(operator.add)[:2] == ("_operator", "add")
    assert labels(root_of(operator.itemgetter(1))) == ["self"]
    assert root_of(operator.itemgetter(1)) != root_of(operator.itemgetter(2))
    assert root_of("a".join) != root_of("b".join)


def test_what_cannot_be_identified_makes_the_stage_always_stale_with_its_name():
    root = root_of(make(sys.stdin and open(__file__)))  # noqa: SIM115
    assert root.notes == (f"{STALE}closure factor: _io.TextIOWrapper",)


def test_an_unidentified_default_of_a_named_function_is_left_to_its_text():
    source = "import threading\ndef f(state=threading.local()): ..."
    assert root_of(_module(source).f).notes == ()


def test_an_unidentified_default_of_a_function_whose_name_is_taken_is_said():
    module = _module("import threading\ndef f(state=threading.local()): ...\ng = f\ndef f(): ...")
    assert root_of(module.g).notes == (f"{STALE}default state: _thread._local",)


def test_state_of_a_library_s_wrapper_is_left_to_the_text_that_makes_it(monkeypatch):
    library = _module(
        "import functools, threading\n"
        "def retry(f):\n"
        "    state = threading.local()\n"
        "    @functools.wraps(f)\n"
        "    def call(*a): return state and f(*a)\n"
        "    return call",
        name="retrying",
        file="/x/lib/python3.11/site-packages/retrying.py",
    )
    monkeypatch.setitem(sys.modules, "retrying", library)
    user = _module("import retrying\n@retrying.retry\ndef main(): ...")
    root = root_of(user.main)
    assert (root.module, root.notes, names(root)) == ("retrying", (), {"main"})


def test_a_decorator_that_asks_before_the_name_is_bound_gets_the_same_answer():
    source = (
        "import threading\n"
        "from pivot.fingerprint.roots import root_of\n"
        "found = []\n"
        "def stage(f):\n"
        "    found.append(root_of(f))\n"
        "    return f\n"
        "@stage\n"
        "def main(state=threading.local()): ..."
    )
    module = _module(source)
    assert module.found == [root_of(module.main)]
    assert module.found[0].notes == ()


def test_further_values_have_their_labels():
    root = root_of(add, values={"loader rows": {"sep": ";"}}, version="2")
    assert {"loader rows", "version"} <= set(labels(root))
    assert root != root_of(add, values={"loader rows": {"sep": ","}}, version="2")
    assert root != root_of(add, values={"loader rows": {"sep": ";"}}, version="3")


def test_depends_takes_code_modules_values_and_files(tmp_path):
    root = root_of(add, depends=[make, json, 3, "sql/q.sql", tmp_path / "a.txt"], base=tmp_path / "p", project=tmp_path)
    assert root.files == (("a.txt", str(tmp_path / "a.txt")), ("p/sql/q.sql", str(tmp_path / "p/sql/q.sql")))
    assert names(root) == {"make", ""}
    assert {"depends 2", "depends json", "depends make"} <= set(labels(root))


def test_a_file_outside_the_project_keeps_the_user_s_spelling(tmp_path):
    root = root_of(add, depends=["../q.sql"], base=tmp_path, project=tmp_path)
    assert root.files == (("../q.sql", str(tmp_path.parent / "q.sql")),)


def test_ignored_names_are_kept_sorted():
    assert root_of(add, ignore=["log", "helpers.log"]).ignore == ("helpers.log", "log")


def test_a_root_survives_json():
    root = root_of(functools.partial(make(2, log=add), threading.Lock()), depends=["x"], ignore=["log"])
    assert Root.from_data(json.loads(json.dumps(root.to_data()))) == root


@pytest.mark.parametrize("moved", ["one", "two"])
def test_a_moved_project_has_the_same_roots(tmp_path, moved):
    here = tmp_path / moved
    root = root_of(make(here / "data", log=str(here)), project=here)
    there = root_of(make(tmp_path / "x" / "data", log=str(tmp_path / "x")), project=tmp_path / "x")
    assert root == there


def _module(source: str, name: str = "user_code", file: str | None = None) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__file__ = file or f"/home/user/{name}.py"
    exec(compile(source, module.__file__, "exec"), module.__dict__)
    return module


SESSION = """
def deeper(rows): return [len(row) for row in rows]
FACTOR = 2
class Base:
    low = 1
class Limits(Base):
    def ok(self, row): return row > self.low
def helper(rows): return [row * FACTOR for row in rows if Limits().ok(row)]
def stage(rows): return helper(rows)
def unlike(rows): return rows.helper
"""


def typed(monkeypatch, text=SESSION, name="stage"):
    """Give the root of a function that was typed into a session of its own."""
    session = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", session)
    exec(compile(text, "/tmp/ipykernel_7/12.py", "exec"), vars(session))
    return root_of(vars(session)[name])


def test_code_typed_into_a_session_counts_with_all_that_it_uses_and_nothing_else(monkeypatch):
    before = typed(monkeypatch)
    assert before.values == typed(monkeypatch, "\n\n" + SESSION).values
    assert before.values == typed(monkeypatch, SESSION.replace("len(row)", "row")).values
    for old, new in (
        ("FACTOR = 2", "FACTOR = 3"),
        ("row * F", "row + F"),
        ("row > self", "row < self"),
        ("= 1", "= 0"),
    ):
        assert before.values != typed(monkeypatch, SESSION.replace(old, new)).values, (old, new)


def test_attributes_of_the_name_of_a_global_are_not_that_global(monkeypatch):
    changed = SESSION.replace("FACTOR = 2", "FACTOR = 3")
    assert typed(monkeypatch, SESSION, "unlike").values == typed(monkeypatch, changed, "unlike").values


def test_what_a_session_holds_and_nothing_identifies_makes_the_stage_always_stale(monkeypatch):
    text = "import threading\nEVENT = iter([].append for _ in ())\ndef stage(rows): return next(EVENT)\n"
    assert typed(monkeypatch, text).notes == (f"{STALE}global EVENT: generator",)
