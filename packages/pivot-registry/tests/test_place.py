"""Where a function is written."""

import functools
from pathlib import Path
from typing import Any

from pivot.registry.place import innermost, place_of, shown

HERE = Path(__file__)


def _line(func: Any) -> int:
    return int(func.__code__.co_firstlineno)


def func() -> None: ...


class Model:
    def __call__(self) -> None: ...


@functools.wraps(func)
def wrapping() -> None: ...


def test_the_place_is_that_of_the_function_that_was_written() -> None:
    expected = f"test_place.py:{_line(func)}"
    for target in (func, functools.partial(func), functools.partial(functools.partial(func)), wrapping):
        assert place_of(target) == expected
    assert place_of(Model()) == place_of(Model().__call__) == f"test_place.py:{_line(Model.__call__)}"


def test_what_is_not_written_in_python_has_a_name_only() -> None:
    assert place_of(len) == "len"
    assert place_of(3) == "int"


def test_a_loop_of_wrappers_ends() -> None:
    def first() -> None: ...

    def second() -> None: ...

    first.__wrapped__, second.__wrapped__ = second, first  # type: ignore[attr-defined]
    assert innermost(first) in (first, second)


def test_a_file_is_shown_relative_to_what_it_lies_below(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    assert shown(f"{real}/a/b.py", real) == "a/b.py"
    assert shown(f"{real}/a/b.py", tmp_path / "link") == "a/b.py"
    assert shown("/elsewhere/b.py", real) == "/elsewhere/b.py"
    assert shown("/elsewhere/b.py") == "b.py"
