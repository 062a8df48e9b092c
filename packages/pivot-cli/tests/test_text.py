import time

import pytest

from pivot.cli.text import count, duration, lines_of, moment, one_line, plain, size


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.0, "0ms"),
        (0.018, "18ms"),
        (0.0994, "99ms"),
        (0.0996, "0.1s"),
        (2.06, "2.1s"),
        (59.96, "1m00s"),
        (72, "1m12s"),
        (3600, "1h00m"),
        (7530, "2h05m"),
    ],
)
def test_a_duration_is_written_in_the_unit_that_people_think_in(seconds: float, written: str) -> None:
    assert duration(seconds) == written


def test_one_thing_is_not_a_plural() -> None:
    assert (count(1, "stage"), count(0, "stage"), count(3, "stage")) == ("1 stage", "0 stages", "3 stages")


def test_an_escape_sequence_does_not_reach_the_terminal() -> None:
    assert one_line("a\x1b[2Jb\nc\x9bd") == "a\\x1b[2Jb\\x0ac\\x9bd"


def test_several_lines_keep_their_layout_and_lose_their_escapes() -> None:
    assert lines_of("a\n\tb\x1b]52;c\x07\n\n") == ["a", "\tb\\x1b]52;c\\x07"]


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1024, "1.0 KiB"),
        (1536 * 1024, "1.5 MiB"),
        (120 << 20, "120 MiB"),
        (1023 << 20, "1.0 GiB"),
        (5000 << 40, "5000 TiB"),
    ],
)
def test_a_size_has_about_three_digits(number: int, written: str) -> None:
    assert size(number) == written


def test_a_moment_is_that_of_the_readers_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    try:
        assert moment(0.7) == "1970-01-01 02:00:00"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("\x1b[31mred\x1b[0m \x1b[1;38;5;9mbold\x1b[K", "red bold"),
        ("\x1b]0;title\x07text\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "textlink"),
        ("\x1bPdevice\x1b\\a\x1b(Bb\x1bcc", "abc"),
        (" 10%\r 55%\r100%\r", "100%"),
        ("a\tb\x07\x00c", "a\tbc"),
        ("\x1b]0;never ends", ""),
        ("\x9b31mred", "31mred"),
        ("\x1b", ""),
    ],
)
def test_a_line_is_what_a_terminal_would_show_of_it_in_the_end(line: str, shown: str) -> None:
    assert plain(line) == shown
