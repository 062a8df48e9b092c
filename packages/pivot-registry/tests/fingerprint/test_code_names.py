"""Names of code that runs, on every Python."""

import importlib.util
import sys
import types
from pathlib import Path

import pytest

from pivot.fingerprint.code_names import LoadedModules, file_of, module_of, names_of
from pivot.fingerprint.hooks_code import Starts
from pivot.fingerprint.recording import Recording
from pivot.fingerprint.territory import Territory

SOURCE = """
def plain(): return 1
class Table:
    def rows(self): return 2
def make():
    def inner(): return 3
    return inner
TABLE, OTHER = {
    "a": lambda: 4,
}, 1
(lambda: 5)()
found = [(lambda: 6)]
for last in [lambda: 7]: pass
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    path = tmp_path / "project" / "some.py"
    path.parent.mkdir()
    path.write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("some", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, "some", module)
    return module


def names(code: types.CodeType) -> list[str]:
    return list(names_of(code, LoadedModules().named(code.co_filename)))


def test_functions_have_the_names_of_their_definitions(module):
    functions = (module.plain, module.Table().rows, module.make())
    assert [names(function.__code__) for function in functions] == [
        ["some:plain"],
        ["some:Table.rows"],
        ["some:make.<locals>.inner"],
    ]


def test_lambdas_are_what_their_statement_binds(module):
    lambdas = (module.TABLE["a"], module.found[0], module.last)
    assert [names(function.__code__) for function in lambdas] == [
        ["some:OTHER", "some:TABLE"],
        ["some:found"],
        ["some:last"],
    ]


def test_a_lambda_of_a_statement_that_binds_nothing_is_its_module(module):
    code = module.plain.__code__.replace(
        co_qualname="<lambda>", co_firstlineno=SOURCE.splitlines().index("(lambda: 5)()") + 1
    )
    assert names(code) == ["some"]


def test_code_of_no_module_has_no_name(module):
    code = module.plain.__code__.replace(co_filename="/nowhere/some.py")
    assert names(code) == []


def test_a_lambda_of_a_file_that_is_gone_is_its_module(module):
    Path(module.__file__).unlink()
    assert names(module.found[0].__code__) == ["some"]


def test_a_script_is_the_module_that_it_would_be(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path / "tools"))
    assert module_of(str(tmp_path / "a" / "b.py")) == "a.b"
    assert module_of(str(tmp_path / "tools" / "b.py")) == "b"
    assert module_of(str(tmp_path / "not-a-name.py")) == ""
    assert module_of("/nowhere/b.py") == ""


def test_a_module_that_is_not_loaded_is_found_on_the_path(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__main__.py").touch()
    (tmp_path / "pack" / "one.py").touch()
    assert file_of("pack") == str(tmp_path / "pack" / "__main__.py")
    assert file_of("pack.one") == str(tmp_path / "pack" / "one.py")
    assert file_of("pack.two") is None


class FakeMonitoring:
    """The part of `sys.monitoring` that is used, with some numbers taken."""

    DISABLE = object()
    events = types.SimpleNamespace(PY_START=1)

    def __init__(self, *taken: int) -> None:
        self.tools = dict.fromkeys(taken, "other")
        self.callbacks = {}
        self.watched = {}
        self.restarts = 0

    def get_tool(self, tool):
        return self.tools.get(tool)

    def use_tool_id(self, tool, name):
        self.tools[tool] = name

    def free_tool_id(self, tool):
        del self.tools[tool]

    def register_callback(self, tool, event, callback):
        self.callbacks[tool] = callback

    def set_events(self, tool, events):
        self.events_on = events

    def set_local_events(self, tool, code, events):
        self.watched[code] = events

    def restart_events(self):
        self.restarts += 1


@pytest.fixture
def territory(tmp_path):
    return Territory(tmp_path / "project")


@pytest.mark.parametrize(("taken", "expected"), [((), {4, 3}), ((4,), {3, 5}), ((4, 3), {5, 1})])
def test_free_numbers_are_taken_and_given_back(taken, expected, territory):
    monitoring = FakeMonitoring(*taken)
    starts = Starts(lambda: (), monitoring)
    starts.install()
    assert {tool for tool, name in monitoring.tools.items() if name == "pivot"} == expected
    assert monitoring.events_on == 1
    starts.remove()
    assert (set(monitoring.tools), monitoring.events_on) == (set(taken), 0)
    assert set(monitoring.callbacks.values()) == {None}


def test_nothing_happens_where_no_two_numbers_are_free(territory):
    monitoring = FakeMonitoring(*range(5))
    starts = Starts(lambda: (), monitoring)
    starts.install()
    starts.again(territory)
    starts.remove()
    assert (monitoring.callbacks, monitoring.restarts) == ({}, 0)


def test_what_is_costly_stays_if_asked(territory):
    monitoring = FakeMonitoring()
    starts = Starts(lambda: (), monitoring)
    starts.stay = True
    starts.install()
    starts.remove()
    starts.install()
    assert (len(monitoring.tools), monitoring.events_on) == (2, 1)
    starts.leave()
    assert (monitoring.tools, monitoring.events_on) == ({}, 0)


def test_functions_count_and_bodies_of_classes_and_modules_do_not(module, territory):
    monitoring = FakeMonitoring()
    recording = Recording(territory, LoadedModules())
    starts = Starts(lambda: (recording,), monitoring)
    starts.install()
    starts.again(territory)
    body = compile(SOURCE, module.__file__, "exec")
    for code in (module.plain.__code__, body, pytest.fixture.__code__):
        assert monitoring.callbacks[4](code, 0) is monitoring.DISABLE
    assert recording.observed().code == ("some:plain",)
    assert monitoring.watched == {}
    starts.again(territory)
    assert monitoring.watched == {module.plain.__code__: 1}


def test_functions_of_equal_text_in_two_files_are_two(module, territory, monkeypatch):
    twin = types.ModuleType("twin")
    twin.__file__ = module.__file__.replace("some", "twin")
    monkeypatch.setitem(sys.modules, "twin", twin)
    recording = Recording(territory, LoadedModules())
    recording.starts(module.plain.__code__)
    recording.starts(module.plain.__code__.replace(co_filename=twin.__file__))
    assert recording.observed().code == ("some:plain", "twin:plain")


def test_only_the_users_functions_are_asked_about_again(module, territory):
    monitoring, recordings = FakeMonitoring(), [Recording(territory, LoadedModules())]
    starts = Starts(lambda: tuple(recordings), monitoring)
    starts.install()
    starts.again(territory)
    monitoring.callbacks[4](module.plain.__code__, 0)
    assert monitoring.callbacks[3](module.plain.__code__, 0) is monitoring.DISABLE
    recordings[:] = []
    starts.again(territory)
    assert monitoring.callbacks[3](module.plain.__code__, 0) is None
    recordings[:] = [Recording(territory, LoadedModules())]
    assert monitoring.callbacks[3](module.plain.__code__, 0) is monitoring.DISABLE
    assert recordings[0].observed().code == ("some:plain",)
    assert monitoring.restarts == 1
