import errno
from collections.abc import Callable

import click
import pytest

from pivot.cache.errors import CacheError
from pivot.cli.errors import ending
from pivot.cli.exits import ExitCode
from pivot.registry.errors import DefinitionError, PivotError


def raising(error: BaseException) -> Callable[[], object]:
    def act() -> object:
        raise error

    return act


def test_a_command_that_gives_no_code_is_done(recorded) -> None:
    assert ending(lambda: None, recorded, {}) == 0
    assert ending(lambda: ExitCode.STALE, recorded, {}) == 3


def test_an_error_names_place_cause_and_next_step_on_two_lines(recorded) -> None:
    console = recorded()
    error = DefinitionError("two producers", where="pipeline.py:41", hint="Rename one.")
    assert ending(raising(error), lambda: console, {}) == 2
    assert console.stderr == "pivot: error: pipeline.py:41: two producers\n  hint: Rename one.\n"
    assert console.stdout == ""


def test_an_error_is_told_even_to_those_who_want_quiet(recorded) -> None:
    console = recorded(-1)
    ending(raising(PivotError("x")), lambda: console, {})
    assert console.stderr == "pivot: error: x\n"


def test_an_error_of_the_store_keeps_its_second_line_as_the_hint(recorded) -> None:
    console = recorded()
    assert ending(raising(CacheError("cannot\nhint: move it")), lambda: console, {}) == 2
    assert console.stderr == "pivot: error: cannot\n  hint: move it\n"


def test_a_bug_asks_for_a_report_and_shows_no_traceback(recorded) -> None:
    console = recorded()
    assert ending(raising(KeyError("k")), lambda: console, {}) == 70
    first, second = console.stderr.splitlines()
    assert first.startswith("pivot: error: internal error: KeyError: 'k' (")
    assert "tests/test_errors.py:" in first
    assert "report" in second


@pytest.mark.parametrize(("environ", "verbosity"), [({"PIVOT_TRACEBACK": "1"}, 0), ({}, 2)])
def test_a_traceback_is_shown_to_who_asks(recorded, environ: dict[str, str], verbosity: int) -> None:
    console = recorded(verbosity)
    ending(raising(DefinitionError("x")), lambda: console, environ)
    assert console.stderr.startswith("Traceback (most recent call last)")
    assert console.stderr.endswith("pivot: error: x\n")


def test_a_usage_error_points_to_the_help_of_its_command(recorded) -> None:
    console = recorded()
    context = click.Context(click.Command("run"), info_name="pivot run")
    assert ending(raising(click.UsageError("No such option: --foo.", context)), lambda: console, {}) == 2
    assert console.stderr == "pivot: error: no such option: --foo\n  hint: See `pivot run --help`.\n"


def test_a_reader_who_went_away_is_not_told_anything(recorded) -> None:
    console = recorded()
    assert ending(raising(BrokenPipeError(errno.EPIPE, "x")), lambda: console, {}) == 141
    assert console.stderr == ""


def test_what_the_system_refuses_is_named(recorded) -> None:
    console = recorded()
    error = PermissionError(errno.EACCES, "Permission denied", "/x/state.db")
    assert ending(raising(error), lambda: console, {}) == 2
    assert "/x/state.db: Permission denied" in console.stderr


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interrupt_is_not_an_error_of_pivot(recorded, error: BaseException) -> None:
    console = recorded()
    assert ending(raising(error), lambda: console, {}) == 130
    assert console.stderr == "pivot: error: interrupted\n"


def test_a_click_exit_keeps_its_code(recorded) -> None:
    assert ending(raising(click.exceptions.Exit(7)), recorded, {}) == 7


def test_an_exit_that_somebody_asked_for_passes(recorded) -> None:
    with pytest.raises(SystemExit):
        ending(raising(SystemExit(9)), recorded, {})


def test_an_error_message_cannot_control_the_terminal(recorded) -> None:
    console = recorded()
    ending(raising(DefinitionError("\x1b[2Jgone", hint="\x07")), lambda: console, {})
    assert "\x1b" not in console.stderr
    assert "\x07" not in console.stderr
