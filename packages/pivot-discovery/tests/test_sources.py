"""Rules for which code a module gets."""

import importlib.util
import os
import py_compile
import sys
from pathlib import Path

import pytest

from pivot.discovery.sources import FreshLoader, imported_names


def value_in(path: Path) -> object:
    code = FreshLoader("m", str(path)).get_code("m")
    assert code is not None
    names: dict[str, object] = {}
    exec(code, names)
    return names["X"]


def compiled(path: Path) -> Path:
    return Path(importlib.util.cache_from_source(str(path)))


def test_code_compiled_before_an_edit_of_same_size_and_time_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "m.py"
    for value in (1, 2, 3):
        path.write_text(f"X = {value}")
        os.utime(path, ns=(0, 0))
        assert value_in(path) == value


def test_stale_code_of_python_itself_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_text("X = 1")
    os.utime(path, (0, 0))
    py_compile.compile(str(path))
    path.write_text("X = 2")
    os.utime(path, (0, 0))
    assert value_in(path) == 2


def test_code_that_is_younger_than_the_source_is_used(tmp_path: Path) -> None:
    path, other = tmp_path / "m.py", tmp_path / "n.py"
    path.write_text("X = 1")
    other.write_text("X = 2")
    for source in (path, other):
        os.utime(source, (0, 0))
        py_compile.compile(str(source))
    compiled(path).write_bytes(compiled(other).read_bytes())
    later = path.stat().st_ctime_ns + 10**9
    os.utime(compiled(path), ns=(later, later))
    assert value_in(path) == 2  # what only the compiled code says


def test_compiled_code_is_dated_before_its_source_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "m.py"
    path.write_text("X = 1")
    assert value_in(path) == 1
    assert compiled(path).stat().st_mtime_ns < compiled(path).stat().st_ctime_ns


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import a, b.c", {"a", "b"}),
        ("from d.e import f", {"d"}),
        ("def f():\n    import g\n    class C:\n        from h import i", {"g", "h"}),
        ("".join(f"import m{index}\n" for index in range(700)), {f"m{index}" for index in range(700)}),
        ("x = a.b", set()),
    ],
)
def test_imports_are_read_off_the_code(source: str, names: set[str]) -> None:
    assert imported_names(compile(source, "m", "exec")) == names
