import io

import pytest

from pivot.cli.console import RAN, ColorMode, Console, Stream, look_at


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "color", "live"),
    [
        ({}, True, True),
        ({"NO_COLOR": "1"}, False, True),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, False),
        ({"CI": "true"}, True, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, True),
    ],
)
def test_the_environment_says_what_a_terminal_shows(environ: dict[str, str], color: bool, live: bool) -> None:
    stream = look_at(Terminal(), environ)
    assert (stream.color, stream.terminal) == (color, live)


@pytest.mark.parametrize("name", ["FORCE_COLOR", "CLICOLOR_FORCE"])
def test_what_is_no_terminal_is_coloured_only_when_forced(name: str) -> None:
    assert not look_at(io.StringIO(), {}).color
    assert look_at(io.StringIO(), {name: "1"}).color
    assert not look_at(io.StringIO(), {name: "0"}).color


def test_the_option_wins_over_the_environment() -> None:
    assert look_at(io.StringIO(), {"NO_COLOR": "1"}, ColorMode.ALWAYS).color
    assert not look_at(Terminal(), {"FORCE_COLOR": "1"}, ColorMode.NEVER).color


@pytest.mark.parametrize(
    ("environ", "sign"),
    [
        ({"LANG": "en_US.UTF-8"}, "✓"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, "+"),
        ({"LC_CTYPE": "C.UTF-8"}, "✓"),
        ({}, "+"),
    ],
)
def test_a_mark_is_ascii_where_the_locale_does_not_know_more(environ: dict[str, str], sign: str) -> None:
    assert look_at(Terminal(), {**environ, "NO_COLOR": "1"}).mark(RAN) == sign


def test_a_mark_is_ascii_where_the_encoding_does_not_know_more() -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert look_at(file, {"LANG": "en_US.UTF-8"}).mark(RAN) == "+"


def test_a_stream_that_cannot_be_asked_is_no_terminal() -> None:
    file = io.StringIO()
    file.close()
    assert not look_at(file, {}).terminal


def test_what_the_encoding_cannot_say_is_escaped() -> None:
    raw = io.BytesIO()
    stream = Stream(io.TextIOWrapper(raw, encoding="ascii"))
    stream.write("naïve \udcff\n")
    stream.flush()
    assert raw.getvalue() == b"na\\xefve \\udcff\n"


def test_a_stream_that_was_closed_by_the_caller_takes_everything() -> None:
    stream = look_at(None, {})
    stream.write("lost")
    stream.flush()


def test_colour_is_not_put_around_nothing() -> None:
    assert Stream(None, color=True).paint("", "1") == ""
    assert Stream(None, color=True).paint("x", "1") == "\x1b[1mx\x1b[0m"


class Full(io.StringIO):
    """A disk without room."""

    name = "<stdout>"

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_an_error_of_stdout_says_that_it_is_stdout() -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        Stream(Full()).write("x")
    assert caught.value.filename == "<stdout>"


def test_messages_that_nobody_can_take_are_dropped() -> None:
    Console(Stream(None), Stream(Full())).say("nobody hears this")


def test_quiet_says_less_and_verbose_more(recorded) -> None:
    for verbosity, heard in ((-1, ""), (0, "a\n"), (1, "a\nb\n")):
        console = recorded(verbosity)
        console.say("a")
        console.say("b", level=1)
        assert console.stderr == heard


def test_a_warning_goes_to_stderr_with_its_hint(recorded) -> None:
    console = recorded()
    console.warn("careful", "do that")
    assert console.stderr == "pivot: warning: careful\n  hint: do that\n"
    assert console.stdout == ""
