"""Who writes a path excludes who reads it. Between processes: what this one holds it may take again."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from engine_fakes import ref, stage

from pivot.executor.bytelocks import Held
from pivot.executor.locking import Waiting
from pivot.executor.pathlocks import Paths, lock_paths, names_to_lock, names_to_read, path_locks
from pivot.executor.task import Waits
from pivot.registry.errors import LockTimeoutError

HOLDER = """
import sys
from pathlib import Path
from pivot.executor.bytelocks import Held
from pivot.executor.pathlocks import Paths, lock_paths, path_locks
from pivot.registry.types import StageRef
root, reads, writes = sys.argv[1:]
file = path_locks()
with Held(StageRef("p", "holder"), None, print) as held:
    lock_paths(held, file, Path(root), Paths(reads.split(), writes.split()))
    print("held", flush=True)
    sys.stdin.read()
"""
Hold = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Hold]:
    """Let another process hold paths until its stdin is closed."""
    with ExitStack() as stack:

        def started(*, reads: str = "", writes: str = "") -> "subprocess.Popen[bytes]":
            words = [sys.executable, "-c", HOLDER, str(tmp_path), reads, writes]
            holder = stack.enter_context(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            return holder

        yield started


def silent(*_: object) -> None: ...


@contextmanager
def locked(root: Path, paths: Paths, timeout: float | None = None, waiting: Waiting = silent) -> Iterator[None]:
    with closing(path_locks()) as file, Held(ref("p:s"), timeout, waiting) as held:
        lock_paths(held, file, root, paths)
        yield


def waited(root: Path, paths: Paths) -> list[Waits]:
    """Say for what a stage would have to wait."""
    told: list[Waits] = []
    try:
        with locked(root, paths, 0.0, told.append):
            return told
    except LockTimeoutError:
        return told


def test_who_writes_excludes_all_who_read_it_and_they_exclude_who_writes(tmp_path: Path, hold: Hold) -> None:
    holder = hold(reads="in.txt", writes="a.txt b.txt")
    assert waited(tmp_path, Paths(["a.txt"])) == [Waits(ref("p:s"), holder.pid, "a.txt")]
    assert waited(tmp_path, Paths((), ["b.txt"])) == [Waits(ref("p:s"), holder.pid, "b.txt")]
    assert waited(tmp_path, Paths((), ["in.txt"])) == [Waits(ref("p:s"), holder.pid, "in.txt")]
    assert waited(tmp_path, Paths(["in.txt"], ["c.txt"])) == [], "readers share"


def test_the_wait_is_no_longer_than_asked_and_names_the_path(tmp_path: Path, hold: Hold) -> None:
    hold(writes="a.txt")
    with (
        pytest.raises(LockTimeoutError, match=r"has been using a\.txt for more than 0\.01 s"),
        locked(tmp_path, Paths(["a.txt"]), 0.01),
    ):
        raise AssertionError


def test_what_a_process_held_is_free_when_it_is_killed(tmp_path: Path, hold: Hold) -> None:
    holder = hold(writes="a.txt")

    def kill(_: Waits) -> None:
        holder.kill()

    with locked(tmp_path, Paths(["a.txt"]), None, kill):
        pass


def test_what_was_held_is_free_although_a_forked_child_lives_on(tmp_path: Path) -> None:
    """What was held when it was forked, and what its parent held later, until that was killed."""
    forking = """    if not os.fork():
        os.read(0, 1)
        os._exit(0)
with Held(StageRef("p", "later"), None, print) as held:
    lock_paths(held, file, Path(root), Paths(writes=["b.txt"]))
    print("held", flush=True)
    sys.stdin.read()
"""
    script = "import os" + HOLDER.partition('    print("held"')[0] + forking
    words = [sys.executable, "-c", script, str(tmp_path), "", "a.txt"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert waited(tmp_path, Paths(writes=["a.txt"])) == []
        assert waited(tmp_path, Paths(writes=["b.txt"])) == [Waits(ref("p:s"), holder.pid, "b.txt")]
        holder.kill()
        holder.wait()
        assert waited(tmp_path, Paths(writes=["a.txt", "b.txt"])) == []


def test_reading_the_file_of_the_locks_lets_go_of_none(tmp_path: Path, hold: Hold) -> None:
    script = HOLDER.replace('print("held"', 'Path(root, ".pivot/locks/paths").read_bytes(); print("held"')
    words = [sys.executable, "-c", script, str(tmp_path), "", "a.txt"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert len(waited(tmp_path, Paths(["a.txt"]))) == 1


def test_without_paths_no_file_is_made_and_with_them_git_leaves_it_alone(tmp_path: Path) -> None:
    assert waited(tmp_path, Paths()) == []
    assert list(tmp_path.iterdir()) == []
    assert waited(tmp_path, Paths(["a.txt"])) == []
    assert (tmp_path / ".pivot/locks/.gitignore").read_text() == "*\n"


def test_outputs_are_named_from_the_project(tmp_path: Path) -> None:
    made = stage("p:s", tmp_path / "p", (), ["../q/b.txt", "a.txt"])
    assert names_to_lock(made, tmp_path) == ["q/b.txt", "p/a.txt"]
    full = [str(tmp_path / path) for path in ("q/b.txt", "p/a.txt")]
    assert names_to_read([full], tmp_path) == ("q/b.txt",)


def test_what_is_no_file_in_the_place_of_the_locks_is_named(tmp_path: Path) -> None:
    (tmp_path / ".pivot/locks").mkdir(parents=True)
    os.mkfifo(tmp_path / ".pivot/locks/paths")
    with pytest.raises(OSError, match=r"it is not a regular file.*/\.pivot/locks/paths"):
        waited(tmp_path, Paths(writes=["x"]))
