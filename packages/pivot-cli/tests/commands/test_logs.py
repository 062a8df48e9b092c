import io
import json
from pathlib import Path

import pytest

from pivot.cli.commands.logs import write_log
from pivot.cli.console import Console, Stream


@pytest.mark.usefixtures("loud")
def test_what_a_stage_wrote_is_printed_as_it_is(pivot) -> None:
    result = pivot("logs", "speak")
    assert result.exit_code == 0, result.output
    assert result.stdout == "\x1b[1mreading two\x1b[0m\n\\xff raw\n"
    assert result.stderr.startswith("speak ran ")


@pytest.mark.usefixtures("loud")
def test_an_earlier_run_can_be_named(pivot) -> None:
    assert "reading one" in pivot("logs", "speak", "--run", "last~1").stdout
    assert "reading two" in pivot("logs", "--run", "last", "speak").stdout


@pytest.mark.usefixtures("loud")
def test_a_stage_that_wrote_nothing_says_so(pivot) -> None:
    result = pivot("logs", "silent")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.endswith("it wrote nothing\n")


@pytest.mark.usefixtures("loud")
def test_a_stage_that_does_not_run_has_nothing_to_be_followed(pivot) -> None:
    assert "reading two" in pivot("logs", "-f", "speak").stdout


def test_a_stage_that_was_restored_since_shows_when_it_ran(loud: Path, pivot) -> None:
    (loud / "a.txt").write_text("one")
    assert "2 restored" in pivot("run").stderr
    result = pivot("logs", "speak")
    assert "reading two" in result.stdout
    assert "it was restored since, in run " in result.stderr
    result = pivot("logs", "speak", "--run", "last")
    assert result.exit_code == 2
    assert "its outputs were restored" in result.stderr


def test_of_a_stage_that_was_killed_with_its_run_nobody_knows_how_long_it_took(loud: Path, pivot) -> None:
    journal = max((loud / ".pivot" / "runs").iterdir())
    told, _, _ = journal.read_text().partition('{"event": "stage_finished"')
    journal.write_text(told)
    result = pivot("logs", "speak")
    assert "reading two" in result.stdout
    assert result.stderr.startswith("speak was killed; it began 20")


def test_of_a_stage_that_failed_it_says_why(loud: Path, pivot) -> None:
    pipeline = loud / "pipeline.py"
    pipeline.write_text(pipeline.read_text().replace("    return", "    raise ValueError('no rows')\n    return", 1))
    assert pivot("run").exit_code == 1
    result = pivot("logs", "speak")
    assert "reading two" in result.stdout
    assert "\nfailed: pipeline.py:" in result.stderr
    assert result.stderr.endswith(", in speak\n      raise ValueError('no rows')\n  ValueError: no rows\n")
    data = json.loads(pivot("logs", "speak", "--json").stdout)
    assert data["failure"].endswith(": ValueError: no rows")
    assert "in speak" in data["traceback"]


def test_programs_get_the_text_in_an_object(loud: Path, pivot) -> None:
    data = json.loads(pivot("logs", "speak", "--json").stdout)
    assert (data["pipeline"], data["stage"], data["status"]) == ("loud", "speak", "ran")
    assert data["text"] == "\x1b[1mreading two\x1b[0m\n\\xff raw\n"
    assert Path(data["path"]).is_relative_to(loud)
    assert json.loads(pivot("logs", "silent", "--json").stdout)["path"] is None


def test_a_stage_that_never_ran_is_an_error(loud: Path, pivot) -> None:
    for journal in (loud / ".pivot" / "runs").iterdir():
        journal.unlink()
    result = pivot("logs", "speak")
    assert result.exit_code == 2
    assert "no run of speak is known here" in result.stderr
    assert pivot("logs", "nosuch").exit_code == 2


def test_a_run_without_the_stage_is_an_error(loud: Path, pivot) -> None:
    pivot("run", "--force", "--only", "silent")
    result = pivot("logs", "speak", "--run", "last")
    assert result.exit_code == 2
    assert "speak did not run in " in result.stderr


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def on_a_terminal(*pieces: bytes) -> str:
    file = Terminal()
    write_log(Console(Stream(file), Stream(None)), pieces)
    return file.getvalue()


def test_on_a_terminal_nothing_that_a_stage_wrote_controls_it() -> None:
    assert on_a_terminal(b"\x1b[2Jone\n 10%\r100%\ntwo") == "one\n100%\ntwo\n"


def test_a_sequence_or_a_letter_that_comes_in_two_pieces_is_one() -> None:
    assert on_a_terminal(b"\x1b[3", b"1mred \xc3", b"\xa9\n") == "red é\n"
    assert on_a_terminal(b"cut \xc3") == "cut \\xc3\n"


def test_an_empty_log_is_nothing() -> None:
    file = Terminal()
    assert not write_log(Console(Stream(file), Stream(None)), ())
    assert file.getvalue() == ""
