"""Rules for what a pipeline's code sees as modules and import path."""

import importlib
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from pivot.discovery.modules import Modules
from pivot.fingerprint.summaries import Summaries

Write = Callable[[dict[str, str]], Path]


def test_neighbours_come_before_the_project_and_both_before_everybody_else(write: Write) -> None:
    root = write({"a/one.py": "X = 'a'", "one.py": "X = 'root'", "two.py": "X = 'root'", "colorsys.py": "X = 'root'"})
    space = Modules(root).space(root / "a")
    with space.loading():
        found = [importlib.import_module(name).X for name in ("one", "two", "colorsys")]
    assert found == ["a", "root", "root"]


def test_afterwards_the_process_is_as_before(write: Write) -> None:
    root = write({"a/one.py": "import two", "two.py": "", "a/pkg/sub/three.py": ""})
    modules, path, finders = dict(sys.modules), list(sys.path), list(sys.meta_path)
    with Modules(root).space(root / "a").loading():
        importlib.import_module("one")
        importlib.import_module("pkg.sub.three")
        assert {"one", "two", "pkg", "pkg.sub", "pkg.sub.three"} <= sys.modules.keys()
    assert (dict(sys.modules), list(sys.path), list(sys.meta_path)) == (modules, path, finders)


def test_a_module_is_the_same_object_whenever_its_space_is_active(write: Write) -> None:
    root = write({"a/one.py": ""})
    space = Modules(root).space(root / "a")
    with space.loading():
        first = importlib.import_module("one")
    with space.active():
        assert importlib.import_module("one") is first


def test_modules_that_are_imported_late_are_kept_too(write: Write) -> None:
    root = write({"a/one.py": ""})
    space = Modules(root).space(root / "a")
    with space.loading():
        pass
    with space.active():
        first = importlib.import_module("one")
    with space.active():
        assert importlib.import_module("one") is first


def test_neighbours_of_one_name_never_meet(write: Write) -> None:
    root = write({f"{name}/config.py": f"X = {name!r}" for name in "ab"})
    modules = Modules(root)
    for name in "abab":
        with modules.space(root / name).loading():
            config = importlib.import_module("config")
        assert vars(config)["X"] == name


def test_another_loading_has_the_code_of_now(write: Write) -> None:
    found = []
    for value in range(5):
        root = write({"one.py": f"X = {value}", "a/pkg/__init__.py": "", "a/pkg/two.py": f"X = {value}"})
        os.utime(root / "one.py", ns=(0, 0))
        os.utime(root / "a" / "pkg" / "two.py", ns=(0, 0))
        with Modules(root).space(root / "a").loading():
            found.append((importlib.import_module("one").X, importlib.import_module("pkg.two").X))
    assert found == [(value, value) for value in range(5)]


def test_what_is_compiled_is_summarised(write: Write) -> None:
    root = write({"one.py": "import two\nX = 1", "two.py": ""})
    summaries = Summaries()
    with Modules(root, summaries).space(root).loading():
        assert importlib.import_module("one").X == 1
    assert summaries.made == 2


def test_a_mistake_is_told_as_the_interpreter_tells_it(write: Write) -> None:
    root = write({"one.py": "X = (1\n"})
    with Modules(root, Summaries()).space(root).loading(), pytest.raises(SyntaxError) as caught:
        importlib.import_module("one")
    assert (caught.value.filename, caught.value.lineno) == (str(root / "one.py"), 1)
    assert "pivot" not in str(traceback.extract_tb(caught.value.__traceback__)[-1])


def test_a_new_file_is_found_at_once(write: Write) -> None:
    root = write({"a/one.py": ""})
    with Modules(root).space(root / "a").loading(), pytest.raises(ModuleNotFoundError):
        importlib.import_module("two")
    write({"a/two.py": ""})
    with Modules(root).space(root / "a").loading():
        importlib.import_module("two")


def test_what_two_pipelines_import_from_the_project_is_shared(write: Write) -> None:
    root = write({"lib.py": "", "a/x.py": "", "b/x.py": ""})
    modules = Modules(root)
    found = []
    for name in "ab":
        with modules.space(root / name).loading():
            found.append(importlib.import_module("lib"))
    assert found[0] is found[1]


@pytest.mark.parametrize("statement", ["import config", "from config import X", "def f():\n    import config"])
def test_what_imports_a_neighbour_is_not_shared(write: Write, statement: str) -> None:
    root = write({"lib.py": "import base", "base.py": statement, "a/config.py": "X = 'a'", "b/config.py": "X = 'b'"})
    modules = Modules(root)
    spaces = [modules.space(root / name) for name in "ab"]
    found = []
    for space in spaces:
        with space.loading():
            found.append(importlib.import_module("lib"))
    assert found[0] is not found[1]


def test_a_module_that_the_process_had_loaded_before_is_not_used(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write({"a/notebook_helper.py": "X = 1"})
    monkeypatch.syspath_prepend(str(root / "a"))
    old = importlib.import_module("notebook_helper")
    try:
        write({"a/notebook_helper.py": "X = 2"})
        with Modules(root).space(root / "a").loading():
            assert importlib.import_module("notebook_helper").X == 2
        assert sys.modules["notebook_helper"] is old
    finally:
        del sys.modules["notebook_helper"]


def test_a_loaded_module_of_the_standard_library_gives_way_to_a_neighbour(write: Write) -> None:
    import statistics

    root = write({"a/statistics.py": "X = 1"})
    with Modules(root).space(root / "a").loading():
        assert importlib.import_module("statistics").X == 1
    assert sys.modules["statistics"] is statistics


def test_a_module_that_every_library_needs_does_not_give_way(write: Write) -> None:
    import typing

    root = write({"a/typing.py": "X = 1", "a/os.py": "X = 1", "a/sys.py": ""})
    with Modules(root).space(root / "a").loading():
        assert importlib.import_module("typing") is typing
        assert importlib.import_module("os") is os
        assert importlib.import_module("sys") is sys


def test_a_directory_without_init_does_not_hide_anything(write: Write) -> None:
    import statistics

    root = write({"a/statistics/data.csv": ""})
    with Modules(root).space(root / "a").loading():
        assert importlib.import_module("statistics") is statistics


def test_a_pipeline_that_imports_another_gets_what_the_other_would_have(write: Write) -> None:
    root = write({
        "a/pipeline.py": "import config, os  # pivot\nX, HERE = config.X, os.getcwd()",
        "a/config.py": "X = 'a'",
        "b/config.py": "X = 'b'",
        "b/pipeline.py": "import config  # pivot\nimport a.pipeline\nimport config as c\nX, A = c.X, a.pipeline",
    })  # fmt: skip
    modules = Modules(root)
    with modules.space(root / "b").loading():
        b = importlib.import_module("b.pipeline")
    assert vars(b)["X"] == "b"
    assert vars(b.A)["X"] == "a"
    assert vars(b.A)["HERE"] == str(root / "a")
    with modules.space(root / "a").active():
        assert importlib.import_module("a.pipeline") is b.A
        assert importlib.import_module("config").X == "a"
    with modules.space(root / "b").active():
        assert importlib.import_module("config").X == "b"


def test_pipelines_may_import_each_other_around_a_circle(write: Write) -> None:
    root = write({
        "a/pipeline.py": "x = 'a'  # pivot\nimport b.pipeline as b",
        "b/pipeline.py": "x = 'b'  # pivot\nimport a.pipeline as a",
    })  # fmt: skip
    with Modules(root).space(root / "a").loading():
        a = importlib.import_module("a.pipeline")
    assert a.b.a is a


def test_its_neighbours_may_import_a_pipeline_by_its_bare_name(write: Write) -> None:
    root = write(
        {"a/pipeline.py": "X = []  # pivot\nimport helpers", "a/helpers.py": "import pipeline\npipeline.X.append(1)"}
    )
    with Modules(root).space(root / "a").loading():
        module = importlib.import_module("a.pipeline")
    assert module.X == [1]


def test_a_pipeline_of_something_else_is_an_ordinary_module(write: Write) -> None:
    root = write({"a/pipeline.py": "import config\nX = config.X", "a/config.py": "X = 'a'", "b/config.py": "X = 'b'"})
    with Modules(root).space(root / "b").loading():
        assert importlib.import_module("a.pipeline").X == "b"


def test_relative_imports_work(write: Write) -> None:
    root = write(
        {"a/pkg/one.py": "from .two import X\nfrom ..three import Y", "a/pkg/two.py": "X = 1", "a/three.py": "Y = 2"}
    )
    with Modules(root).space(root / "a").loading():
        module = importlib.import_module("a.pkg.one")
    assert (module.X, module.Y) == (1, 2)


def test_an_import_path_that_loading_has_extended_holds_for_stages(write: Write) -> None:
    root = write({"a/one.py": "import sys\nsys.path.insert(0, '../lib')", "lib/late.py": "X = 1"})
    space = Modules(root).space(root / "a")
    with space.loading():
        importlib.import_module("one")
    assert space.path[0] == str(root / "lib")
    with space.active():
        assert importlib.import_module("late").X == 1
    assert "../lib" not in sys.path


def test_variables_and_warning_filters_that_loading_has_set_hold_for_stages_only(write: Write) -> None:
    settings = ["os.environ['ONE_MODE'] = 'x'", "os.environ.pop('HOME', None)", "warnings.simplefilter('error')"]
    root = write({"a/one.py": "\n".join(["import os, warnings", *settings])})
    before, filters = dict(os.environ), list(warnings.filters)
    space = Modules(root).space(root / "a")
    with space.loading():
        importlib.import_module("one")
    assert (dict(os.environ), list(warnings.filters)) == (before, filters)
    with space.active():
        assert os.environ["ONE_MODE"] == "x"
        assert "HOME" not in os.environ
        with pytest.raises(UserWarning):
            warnings.warn("now an error", stacklevel=1)
    assert (dict(os.environ), list(warnings.filters)) == (before, filters)


def test_what_a_stage_does_to_its_surroundings_ends_with_it(write: Write) -> None:
    root = write({"a/one.py": ""})
    space = Modules(root).space(root / "a")
    with space.loading():
        pass
    with space.active():
        os.environ["LEFT_BEHIND"] = "x"
        sys.path.insert(0, "/left/behind")
    with space.active():
        assert "LEFT_BEHIND" not in os.environ
        assert "/left/behind" not in sys.path


def test_a_failed_import_leaves_nothing(write: Write) -> None:
    root = write({"a/one.py": "import two\n1/0", "a/two.py": ""})
    before = dict(sys.modules)
    with pytest.raises(ZeroDivisionError), Modules(root).space(root / "a").loading():
        importlib.import_module("one")
    assert dict(sys.modules) == before
