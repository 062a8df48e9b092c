"""What a stage raised is told with the user's own line first, and with every cause."""

import json
import sys
import traceback
import weakref
from collections.abc import Callable

import pytest

from pivot.executor.execute import UserCodeError
from pivot.executor.raised import LoaderError, told
from pivot.fingerprint.observed import Observed


def raised(act: Callable[[], object]) -> BaseException:
    try:
        act()
    except BaseException as error:  # noqa: BLE001
        return error
    raise AssertionError("it raised nothing")


def _line(name: str) -> int:
    return int(getattr(sys.modules[__name__], name).__code__.co_firstlineno) + 1


def reads_nonsense() -> None:
    json.loads("nonsense")


def says_much() -> None:
    raise ValueError("two errors:\n  the first\nFor more see elsewhere")


def begins_with_an_empty_line() -> None:
    raise ValueError("\n\n  All fits failed.\nTry again")


def gives_a_hint() -> None:
    error = ValueError("bad")
    error.add_note("in row 3")
    raise error


def evaluates() -> None:
    compile("1 +* 2", "<rule>", "eval")


def hides() -> None:
    try:
        reads_nonsense()
    except ValueError as error:
        raise RuntimeError("cannot go on") from error


def gathers() -> None:
    raise ExceptionGroup("several", [raised_error(reads_nonsense), KeyError("b")])


def raised_error(act: Callable[[], object]) -> Exception:
    error = raised(act)
    assert isinstance(error, Exception)
    return error


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (reads_nonsense, "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
        (says_much, "ValueError: two errors:"),
        (begins_with_an_empty_line, "ValueError: All fits failed."),
        (evaluates, "SyntaxError: invalid syntax"),
    ],
)
def test_the_line_names_the_users_own_place_and_begins_with_the_type(act: Callable[[], None], expected: str) -> None:
    assert told(raised(act))[0] == f"test_raised.py:{_line(act.__name__)}: {expected}"


def test_a_note_follows_what_it_is_a_note_to() -> None:
    line, text = told(raised(gives_a_hint))
    assert line.endswith(": ValueError: bad")
    assert text.endswith("\nValueError: bad\nin row 3")


def test_causes_are_told_first_as_python_does() -> None:
    line, text = told(raised(hides))
    assert line.endswith(": RuntimeError: cannot go on")
    told_of_it, _, told_of_what_followed = text.partition("direct cause")
    assert told_of_it.index("in reads_nonsense") < told_of_it.index("JSONDecodeError: Expecting value")
    assert told_of_what_followed.index("in hides") < told_of_what_followed.index("RuntimeError: cannot go on")


def test_the_members_of_a_group_are_told_too() -> None:
    line, text = told(raised(gathers))
    assert line.endswith(": ExceptionGroup: several (2 sub-exceptions)")
    assert "JSONDecodeError: Expecting value" in text
    assert "KeyError: 'b'" in text


def test_a_file_is_named_and_a_place_only_if_it_is_the_users() -> None:
    error = LoaderError("its input a.json could not be loaded")
    error.__cause__ = raised(lambda: json.loads("nonsense")).with_traceback(None)
    expected = "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)"
    assert told(error) == (f"{error}: {expected}", "")

    error.__cause__ = raised(reads_nonsense)
    assert told(error)[0] == f"{error}: test_raised.py:{_line('reads_nonsense')}: {expected}"


def test_frames_of_pivot_are_left_out_of_causes_too() -> None:
    def act() -> None:
        try:
            told(None)  # type: ignore[arg-type]
        except AttributeError:
            says_much()

    error = raised(act)
    assert "in told" in "".join(traceback.format_exception(error))
    assert "in told" not in told(error)[1]


class Big:
    """Stands for what fills the memory."""


def test_what_filled_the_memory_is_let_go_before_anything_else_is_done() -> None:
    kept = []

    def fills() -> None:
        big = Big()
        kept.append(weakref.ref(big))
        raise MemoryError

    def observed() -> Observed:
        assert kept[0]() is None
        return Observed()

    def fails_to_end() -> None:
        try:
            fills()
        finally:
            raise MemoryError

    def loads() -> None:
        try:
            fills()
        except MemoryError as error:
            raise LoaderError("its input a could not be loaded") from error

    for act in (fills, fails_to_end, loads):
        kept.clear()
        assert "MemoryError" in UserCodeError(raised(act), observed).failure("").message
