import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from engine_fakes import ref, stage

from pivot.executor.bytelocks import Held
from pivot.executor.state import claim, file_name, running_locks, state_of
from pivot.executor.task import Waits
from pivot.executor.trace import Facts, Trace, UnreadableTraceError
from pivot.registry.errors import LockTimeoutError, StateError

TRACE = Trace(Facts("c", "3.13", {}, {}, {}, {}), {})


HOLDER = """
import sys
from pathlib import Path
from pivot.executor.bytelocks import Held
from pivot.executor.state import StageState, running_locks
from pivot.registry.types import StageRef
state, file = StageState(StageRef("p", "train"), Path(sys.argv[1], ".pivot")), running_locks()
with Held(state.ref, None, print) as held:
    state.lock(held, file)
    print("held", flush=True)
    sys.stdin.read()
"""


def silent(*_: object) -> None: ...


def test_a_trace_is_read_as_it_was_recorded_and_nothing_else_is_left(tmp_path: Path) -> None:
    state = state_of(stage("p:train@us", tmp_path))
    assert state.read() is None
    state.record(TRACE)
    assert state.read() == TRACE
    assert os.listdir(tmp_path / ".pivot" / "stages") == ["train@us.lock"]


def test_a_lock_file_that_says_so_already_is_left_alone(tmp_path: Path) -> None:
    state = state_of(stage("p:train", tmp_path))
    state.record(TRACE)
    before = state.lock_path.stat().st_ino
    (state.lock_path.parent / ".train.lock.tmp").write_text("by a killed run")
    state.record(TRACE)
    assert state.lock_path.stat().st_ino == before
    assert os.listdir(state.lock_path.parent) == ["train.lock"]
    state.record(TRACE._replace(manifest={"m.f": "h"}))
    assert state.lock_path.stat().st_ino != before


def test_stages_write_into_their_own_pipelines_directory_only(tmp_path: Path) -> None:
    state_of(stage("a:train", tmp_path / "a")).record(TRACE)
    assert not (tmp_path / "b").exists()
    assert state_of(stage("b:train", tmp_path / "b")).read() is None


@pytest.mark.parametrize("make", ["mkdir", "fifo", "binary", "empty"])
def test_what_stands_in_a_lock_files_place_is_never_believed(tmp_path: Path, make: str) -> None:
    state = state_of(stage("p:train", tmp_path))
    state.lock_path.parent.mkdir(parents=True)
    if make == "mkdir":
        state.lock_path.mkdir()
    elif make == "fifo":
        os.mkfifo(state.lock_path)
    else:
        state.lock_path.write_bytes(b"\xff\xfe" if make == "binary" else b"")
    with pytest.raises(UnreadableTraceError):
        state.read()


def test_file_names_are_one_to_one_and_stay_in_the_directory() -> None:
    stages = ["train", "train@us", "a/b", "a%2Fb", "..", "ä", "a b", "x:y"]
    assert len({file_name(name) for name in stages}) == len(stages)
    assert all("/" not in file_name(name) for name in stages)


def test_a_stage_that_another_process_runs_is_waited_for_no_longer_than_asked(tmp_path: Path) -> None:
    words = [sys.executable, "-c", HOLDER, str(tmp_path)]
    holder = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    told: list[object] = []
    state = state_of(stage("p:train", tmp_path))
    with closing(running_locks()) as file:
        with pytest.raises(LockTimeoutError), Held(state.ref, 0.01, told.append) as held:
            state.lock(held, file)
        assert told == [Waits(ref("p:train"), holder.pid)]
        holder.communicate(b"")
        with Held(state.ref, None, silent) as held:
            state.lock(held, file)


def test_a_state_directory_belongs_to_one_pipeline(tmp_path: Path) -> None:
    claim(stage("a:train", tmp_path))
    claim(stage("a:other", tmp_path))
    with pytest.raises(StateError, match="'a', not of 'b'"):
        claim(stage("b:train", tmp_path))


def test_a_new_state_directory_keeps_git_clean(tmp_path: Path) -> None:
    claim(stage("a:train", tmp_path))
    (tmp_path / ".pivot" / "state.db").mkdir()
    (tmp_path / ".pivot" / "stages").mkdir()
    for name in ("state.db/data.mdb", "stages/train.lock", "config.yaml"):
        (tmp_path / ".pivot" / name).touch()
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.split()
    assert sorted(listed) == [".pivot/.gitignore", ".pivot/config.yaml", ".pivot/stages/train.lock"]


def test_an_owner_file_that_cannot_be_read_is_not_taken_for_ours(tmp_path: Path) -> None:
    claim(stage("a:train", tmp_path))
    (tmp_path / ".pivot" / "owner.json").write_text(json.dumps([]))
    with pytest.raises(StateError, match="delete"):
        claim(stage("a:train", tmp_path))
