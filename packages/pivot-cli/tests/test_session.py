from pathlib import Path

import pytest

from pivot.cli.console import ColorMode
from pivot.cli.session import Session
from pivot.registry.errors import DefinitionError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path.resolve()


def test_a_command_is_about_the_current_directory(here: Path) -> None:
    assert Session({}).start() == here


def test_another_directory_is_relative_to_the_current_one_or_absolute(here: Path) -> None:
    (here / "model").mkdir()
    assert Session({}, "model").start() == here / "model"
    assert Session({}, str(here / "model")).start() == here / "model"


def test_another_command_for_the_same_directory_is_spelled_with_it() -> None:
    assert Session({}).spelled("logs") == "pivot logs"
    assert Session({}, "my model").spelled("logs") == "pivot -C 'my model' logs"


def test_a_link_is_followed(here: Path) -> None:
    (here / "real").mkdir()
    (here / "link").symlink_to("real")
    assert Session({}, "link").start() == here / "real"


@pytest.mark.parametrize("directory", ["nosuch", "file", "loop", "a\x00b"])
def test_what_is_no_directory_is_an_error_that_names_it(here: Path, directory: str) -> None:
    (here / "file").touch()
    (here / "loop").symlink_to("loop")
    with pytest.raises(DefinitionError, match="Name a directory that exists") as caught:
        Session({}, directory).start()
    assert directory in caught.value.what


def test_a_deleted_current_directory_is_an_error_with_a_way_out(here: Path) -> None:
    gone = here / "gone"
    gone.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(gone)
        gone.rmdir()
        with pytest.raises(DefinitionError, match="current directory"):
            Session({}).start()
        assert Session({}, str(here)).start() == here


def test_the_console_follows_the_options() -> None:
    console = Session({}, color=ColorMode.ALWAYS, verbosity=1).console()
    assert console.out.color
    assert console.verbosity == 1
