"""Both ways to wait for changes keep the same rules."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from pivot.engine.ground import Ground
from pivot.engine.watching import NotifyWatch, PollingWatch, Watch, open_watch

Start = Callable[[], Watch]


@pytest.fixture(params=["notify", "polling"])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    """Begin to watch the directory of the test."""
    if request.param == "notify":
        pytest.importorskip("watchfiles", reason="the extra `watch` is not installed")
    (tmp_path / "project").mkdir()
    with ExitStack() as stack:

        def begin() -> Watch:
            ground = ground_of(tmp_path)
            watch = NotifyWatch(ground) if request.param == "notify" else PollingWatch(ground, seconds=0.02)
            return stack.enter_context(closing(watch))

        yield begin


def ground_of(tmp_path: Path) -> Ground:
    return Ground((str(tmp_path / "project"),))


def heard(watch: Watch, *paths: Path) -> None:
    """Wait until all of these were told."""
    missing = set(map(str, paths))
    while missing:
        missing -= watch.wait()


def test_a_new_a_changed_and_a_removed_file_are_told(start: Start, tmp_path: Path) -> None:
    old, gone = tmp_path / "project/old.txt", tmp_path / "project/gone.txt"
    old.write_text("a")
    gone.write_text("a")
    watch = start()
    old.write_text("ab")
    gone.unlink()
    (tmp_path / "project/new.txt").touch()
    heard(watch, old, gone, tmp_path / "project/new.txt")


def test_a_file_that_is_replaced_is_told(start: Start, tmp_path: Path) -> None:
    """So editors save."""
    path, saved = tmp_path / "project/text.py", tmp_path / "saved"
    path.write_text("a")
    saved.write_text("b")
    watch = start()
    saved.replace(path)
    heard(watch, path)


def test_what_does_not_count_is_not_told(start: Start, tmp_path: Path) -> None:
    own = tmp_path / "project/.pivot"
    own.mkdir()
    watch = start()
    (own / "state.db").write_text("a")
    (tmp_path / "project/__pycache__").mkdir()
    last = tmp_path / "project/last"
    last.touch()
    told = set()
    while str(last) not in told:
        told |= watch.wait()
    assert told == {str(last)}


def test_a_new_directory_is_watched_when_the_ground_is_renewed(start: Start, tmp_path: Path) -> None:
    watch = start()
    new = tmp_path / "project/new"
    new.mkdir()
    (new / "first.txt").touch()
    watch.wait()
    watch.renew(ground_of(tmp_path))
    (new / "second.txt").touch()
    heard(watch, new / "second.txt")


def test_a_directory_that_went_and_came_again_is_watched(start: Start, tmp_path: Path) -> None:
    place = tmp_path / "project/place"
    place.mkdir()
    (place / "a.txt").write_text("a")
    watch = start()
    (place / "a.txt").unlink()
    place.rmdir()
    place.mkdir()
    (place / "a.txt").write_text("b")
    watch.wait()
    watch.renew(ground_of(tmp_path))
    (place / "late.txt").write_text("c")
    heard(watch, place / "late.txt")


def test_what_changed_before_a_renewal_is_still_told(start: Start, tmp_path: Path) -> None:
    watch = start()
    (tmp_path / "project/before.txt").touch()
    (tmp_path / "project/new").mkdir()
    watch.renew(ground_of(tmp_path))
    heard(watch, tmp_path / "project/before.txt")


def test_nothing_changed_is_nothing_gathered(start: Start) -> None:
    watch = start()
    watch.gathered()
    assert watch.gathered() == set()


def test_a_burst_comes_at_once(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    watch = PollingWatch(ground_of(tmp_path))
    for number in range(20):
        (tmp_path / f"project/{number}").touch()
    assert len(watch.gathered()) == 20


def test_without_watchfiles_files_are_looked_at_and_a_person_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)  # what the import system does for a module that is not there
    opened = open_watch(Ground((str(tmp_path),)))
    assert isinstance(opened.watch, PollingWatch)
    assert "pip install watchfiles" in (opened.note or "")


REFUSING = """
import os, resource, sys
import watchfiles
from pivot.engine.ground import Ground
from pivot.engine.watching import PollingWatch, open_watch

ground = Ground((sys.argv[1],))
lowest = os.open(os.devnull, os.O_RDONLY)
opened = open_watch(ground)
assert opened.note is None
os.mkdir(os.path.join(sys.argv[1], "new"))  # it must begin anew
opened.gathered()
if sys.argv[2] == "first":
    opened.close()
# One descriptor is left, whatever is closed above it: enough to look, not enough to be told.
resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 1, lowest + 1))
os.close(lowest)
if sys.argv[2] == "first":
    opened = open_watch(ground)
else:
    opened.renew(ground)
assert type(opened.watch) is PollingWatch, opened.watch
assert "the system does not tell" in opened.note
open(os.path.join(sys.argv[1], "a.txt"), "w").close()
assert opened.wait() == {os.path.join(sys.argv[1], "a.txt")}
"""


@pytest.mark.parametrize("when", ["first", "later"])
def test_where_the_system_refuses_files_are_looked_at(tmp_path: Path, when: str) -> None:
    pytest.importorskip("watchfiles", reason="the extra `watch` is not installed")
    done = subprocess.run(
        [sys.executable, "-c", REFUSING, str(tmp_path), when], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_with_watchfiles_the_system_tells(tmp_path: Path) -> None:
    pytest.importorskip("watchfiles", reason="the extra `watch` is not installed")
    opened = open_watch(Ground((str(tmp_path),)))
    with closing(opened):
        assert (type(opened.watch), opened.note) == (NotifyWatch, None)
