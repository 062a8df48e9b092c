import pytest
from click.testing import CliRunner, Result

from pivot.cli import cli
from pivot.cli.group import COMMANDS


def call(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


def test_help_lists_every_command_with_its_help() -> None:
    result = call("--help")
    assert result.exit_code == 0
    for name, entry in COMMANDS.items():
        assert f"  {name}" in result.stdout
        assert entry.help in result.stdout


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_explains_itself(name: str) -> None:
    result = call(name, "--help")
    assert result.exit_code == 0
    assert f"Usage: cli {name}" in result.stdout


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "repro"])
def test_the_table_says_what_the_command_says(name: str) -> None:
    assert COMMANDS[name].module == name


def test_no_command_shows_the_help_as_a_usage_error() -> None:
    result = call()
    assert result.exit_code == 2
    assert "Commands:" in result.stderr


def test_an_unknown_command_is_answered_with_a_similar_one() -> None:
    result = call("stauts")
    assert result.exit_code == 2
    assert result.stderr == (
        "pivot: error: no such command 'stauts'\n  hint: Did you mean `pivot status`? See `pivot --help`.\n"
    )


@pytest.mark.parametrize(
    "words", [("--foo",), ("run", "--foo"), ("dag", "--format", "png"), ("explain",), ("run", "-j")]
)
def test_wrong_usage_exits_with_2_and_shows_no_traceback(words: tuple[str, ...]) -> None:
    result = call(*words)
    assert result.exit_code == 2
    assert result.stderr.startswith("pivot: error: ")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("jobs", ["0", "-1", "abc", "1e9", "99999999999999999999"])
def test_a_number_of_jobs_that_cannot_be_is_refused(jobs: str) -> None:
    result = call("run", "-j", jobs)
    assert result.exit_code == 2
    assert "'--jobs'" in result.stderr


def test_the_version_is_that_of_the_distribution() -> None:
    assert call("--version").stdout.startswith("pivot 0.")


def test_not_standalone_gives_the_exit_code() -> None:
    assert cli.main(["help", "exit-codes"], standalone_mode=False) == 0
    assert cli.main(["nosuch"], standalone_mode=False) == 2


@pytest.mark.parametrize("words", [("-C", "nosuch", "list"), ("list", "-C", "nosuch")])
def test_global_options_are_understood_before_and_after_the_command(words: tuple[str, ...]) -> None:
    result = call(*words)
    assert result.exit_code == 2
    assert "nosuch: No such file or directory" in result.stderr


def test_twice_verbose_shows_the_traceback_of_an_error() -> None:
    assert "Traceback" in call("-vv", "list", "-C", "nosuch").stderr
    assert "Traceback" in call("-v", "list", "-v", "-C", "nosuch").stderr


def test_colour_can_be_asked_for() -> None:
    assert "\x1b[" in call("--color", "always", "list", "-C", "nosuch").stderr
    assert "\x1b[" not in call("-q", "list", "-C", "nosuch").stderr
