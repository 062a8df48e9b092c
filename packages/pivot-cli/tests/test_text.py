import pytest

from pivot.cli.text import count, duration, lines_of, one_line


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
