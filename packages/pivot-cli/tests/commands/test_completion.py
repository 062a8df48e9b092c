import pytest
from click.testing import CliRunner

from pivot.cli import cli


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(shell: str) -> None:
    result = CliRunner().invoke(cli, ["completion", shell])
    assert result.exit_code == 0
    assert f"_PIVOT_COMPLETE={shell}_complete" in result.stdout


def test_an_unknown_shell_is_refused() -> None:
    assert CliRunner().invoke(cli, ["completion", "nosuch"]).exit_code == 2


def complete(line: str) -> list[str]:
    words = line.split(" ")
    environ = {"_PIVOT_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    result = CliRunner().invoke(cli, [], env=environ, prog_name="pivot")
    return [item.partition(",")[2] for item in result.stdout.split()]


def test_commands_are_completed() -> None:
    assert complete("pivot sta") == ["status"]


def test_options_are_completed() -> None:
    assert "--dry-run" in complete("pivot run --d")


def test_stages_are_completed(project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    assert complete("pivot run tr") == ["train"]
    assert complete("pivot explain ") == ["clean", "report", "train"]


def test_runs_are_completed(ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ran)
    last, run = complete("pivot log ")
    assert last == "last"
    assert complete(f"pivot logs --run {run[:10]}") == [run]


def test_outside_of_a_project_nothing_is_completed(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".pivot").mkdir()
    (tmp_path / ".pivot" / "config.yaml").write_text("nosuch: 1\n")
    monkeypatch.chdir(tmp_path)
    assert complete("pivot run tr") == []
    assert complete("pivot log ") == ["last"]
