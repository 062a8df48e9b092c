import pytest
from click.testing import CliRunner, Result

from pivot.cli import cli
from pivot.cli.exits import ExitCode


def call(*words: str) -> Result:
    return CliRunner().invoke(cli, ["help", *words])


def test_exit_codes_are_a_topic() -> None:
    lines = call("exit-codes").stdout.splitlines()
    assert [int(line.split()[0]) for line in lines] == list(ExitCode)


def test_targets_are_a_topic() -> None:
    assert "model:train" in call("targets").stdout


def test_without_a_topic_the_commands_are_shown() -> None:
    assert "Commands:" in call().stdout


@pytest.mark.parametrize("name", ["run", "dag"])
def test_a_command_is_a_topic(name: str) -> None:
    assert f"Usage: cli {name} [OPTIONS]" in call(name).stdout


def test_an_unknown_topic_names_those_that_exist() -> None:
    result = call("nosuch")
    assert result.exit_code == 2
    assert "exit-codes, targets" in result.stderr
