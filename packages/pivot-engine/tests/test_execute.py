"""One stage in this process."""

import importlib
import io
import json
import linecache
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from engine_fakes import identified, stage

from pivot.cache import Cache, CacheRoot, FullError
from pivot.engine import EngineSettings, Outcome
from pivot.executor.bytelocks import Held
from pivot.executor.core import WorkerStageInfo, prepare_worker_info
from pivot.executor.execute import Execution
from pivot.executor.observed import Identify
from pivot.executor.state import running_locks, state_of
from pivot.executor.task import Cause, Done, StageTask, TaskOptions, found_in
from pivot.fingerprint.recorder import recorder
from pivot.loaders.plain import PathOnly, Text
from pivot.loaders.structured import JSON
from pivot.outputs import Dep, DirectoryOut, Out
from pivot.registry.definition import OutputKind, StageDefinition
from pivot.registry.errors import LockTimeoutError


def info_of(item: StageDefinition, func: Any, loader: Any) -> WorkerStageInfo:
    kind = DirectoryOut if item.outputs[0].kind is OutputKind.DIRECTORY else Out
    return prepare_worker_info(
        stage_info={
            "name": item.ref.stage,
            "func": func,
            "state_dir": None,
            "deps": {one.arg: Dep(one.paths[0], Text()) for one in item.inputs},
            "outs": {one.key: kind(one.paths[0], loader) for one in item.outputs},
        },  # type: ignore[typeddict-item]
        overrides={},
        checkout_modes=(),
        run_id="r",
        force=False,
        no_commit=False,
        no_cache=False,
        project_root=item.root,
        default_state_dir=item.state_dir,
    )


def bring(
    item: StageDefinition,
    func: Any,
    loader: Any = JSON(),  # noqa: B008
    opened: type[Cache] = Cache,
    identify: Identify = identified,
    **settings: Any,
) -> Done:
    @contextmanager
    def live(_: StageTask) -> Iterator[WorkerStageInfo]:
        yield info_of(item, func, loader)

    options = TaskOptions(EngineSettings(item.root, CacheRoot(item.root / "cache"), **settings), "r1")
    with opened(item.root / "cache") as cache:
        execution = Execution(options, cache, recorder(), live, {}, lambda *_: None, identify)
        done = execution.bring_up_to_date(StageTask(item))
        execution.close()
        return done


def message(done: Done) -> str:
    assert done.outcome is Outcome.FAILED
    assert done.failure is not None
    return done.failure.message


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "in.txt").write_text("a")
    return tmp_path


def test_loaded_inputs_go_in_and_returned_values_are_saved_by_key(root: Path) -> None:
    both = stage("p:s", root, ["in.txt"], ["x.json", "y.json"])
    done = bring(both, lambda in0: {"out0": {"got": in0}, "out1": [1]})
    assert done.outcome is Outcome.RAN
    assert '"got": "a"' in (root / "x.json").read_text()
    assert sorted(os.listdir(root)) == [".pivot", "cache", "in.txt", "x.json", "y.json"]


def test_a_missing_key_names_what_was_returned(root: Path) -> None:
    both = stage("p:s", root, (), ["x.json", "y.json"])
    assert message(bring(both, lambda: {"out0": 1})) == "it returned the keys ['out0'], without its output 'out1'"
    assert "a int" in message(bring(both, lambda: 1))
    assert not (root / "x.json").exists()


def test_a_directory_is_made_of_what_the_mapping_says(root: Path) -> None:
    parts = stage("p:s", root, (), ["parts"], kind=OutputKind.DIRECTORY)
    assert bring(parts, lambda: {"out0": {"a.txt": "1", "b/c.txt": "2"}}, Text()).outcome is Outcome.RAN
    assert (root / "parts" / "b" / "c.txt").read_text() == "2"
    assert bring(parts, lambda: {"out0": {}}, Text()).outcome is Outcome.SKIPPED


def test_a_file_where_a_directory_is_declared_is_refused(root: Path) -> None:
    parts = stage("p:s", root, (), ["parts"], kind=OutputKind.DIRECTORY)
    assert "is a file" in message(bring(parts, lambda: Path("parts").touch(), PathOnly()))


def binds(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (os.mkfifo, "a pipe"),
        (os.mkdir, "a directory"),
        (binds, "a socket"),
        (lambda path: os.symlink("nowhere", path), "a symbolic link"),
        (lambda path: os.symlink("in.txt", path), "a symbolic link"),
    ],
)
def test_an_output_of_another_kind_than_declared_is_named(
    root: Path, make: Callable[[str], None], expected: str
) -> None:
    done = bring(stage("p:s", root, (), ["x"]), lambda: make("x"), PathOnly())
    assert message(done) == f"its output x is declared as a file, and is {expected}"
    assert not os.path.lexists(root / "x")


@pytest.mark.parametrize(
    ("raised", "shown"),
    [(ValueError("bad"), "ValueError: bad"), (SystemExit(0), "SystemExit: 0"), (KeyboardInterrupt(), "KeyboardInterr")],
)
def test_whatever_a_function_raises_fails_its_stage_with_the_users_frames_only(
    root: Path, raised: BaseException, shown: str
) -> None:
    def broken() -> None:
        raise raised

    done = bring(stage("p:s", root, (), ["x.json"]), broken)
    assert shown in message(done)
    assert message(done).startswith("test_execute.py:")
    assert done.failure is not None
    assert "execute.py" not in done.failure.traceback.replace("test_execute.py", "")


def test_the_process_is_left_as_it_was(root: Path) -> None:
    def rude() -> None:
        os.chdir("/")
        os.environ["LEFT"] = "behind"
        sys.stdout.write("x")

    before = os.getcwd(), dict(os.environ), sys.stdout
    bring(stage("p:s", root, (), ["x.json"]), rude)
    assert (os.getcwd(), dict(os.environ), sys.stdout) == before


def test_lines_that_another_stage_read_are_read_again(root: Path) -> None:
    def first_line() -> dict[str, Any]:
        return {"out0": linecache.getline("vocab.txt", 1)}

    for place, text in ((root / "one", "a\n"), (root / "two", "b\n")):
        place.mkdir()
        (place / "vocab.txt").write_text(text)
        done = bring(stage("p:s", place, (), ["x.json"]), first_line)
        assert (done.undeclared, json.loads((place / "x.json").read_text())) == (("vocab.txt",), text)


def test_an_input_that_is_not_there_is_named(root: Path) -> None:
    assert (
        message(bring(stage("p:s", root, ["gone.txt"], ["x.json"]), lambda in0: 1)) == "input gone.txt does not exist"
    )


def uses_plugin() -> dict[str, Any]:
    sys.modules.pop("plugin_of_p", None)
    return {"out0": importlib.import_module("plugin_of_p").text()}


def plugged(root: Path, monkeypatch: pytest.MonkeyPatch) -> StageDefinition:
    """Give a stage that uses a module which its text does not name."""
    (root / "plugin_of_p.py").write_text("def text():\n    return 'plugged'\n")
    monkeypatch.syspath_prepend(root)
    return stage("p:s", root, (), ["x.json"])


def test_code_is_identified_while_nobody_else_can_have_the_stage(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    item, asked = plugged(root, monkeypatch), []

    def identify(pipeline: str, names: Sequence[str]) -> dict[str, str]:
        with (
            closing(running_locks()) as file,
            pytest.raises(LockTimeoutError),
            Held(item.ref, 0, lambda _waits: None) as held,
        ):
            state_of(item).lock(held, file)
        asked.append(pipeline)
        return dict.fromkeys(names, "seen")

    done = bring(item, uses_plugin, identify=identify)
    assert done.found is not None
    assert {"plugin_of_p", "plugin_of_p:text"} & done.found.observed.code.keys()
    trace = state_of(item).read()
    assert trace is not None
    assert found_in(trace) == done.found
    assert set(asked) == {"p"}
    assert bring(item, None).outcome is Outcome.SKIPPED


def test_what_its_code_was_is_kept_with_outputs_that_cannot_be_stored(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = plugged(root, monkeypatch)
    assert "they are kept in place" in message(bring(item, uses_plugin, opened=Full))
    assert bring(item, None).outcome is Outcome.RESTORED
    assert json.loads((root / "x.json").read_text()) == "plugged"


class Full(Cache):
    """A store without room."""

    def store_many(self, paths: Any) -> Any:
        raise FullError("no room")


class Losing(Cache):
    """A store of which somebody removes an object at the moment when it is to be restored."""

    def restore(self, digest: str, target: Any, **options: Any) -> None:
        digits = digest.removeprefix("b3:")
        (Path(self.root) / "objects" / digits[:2] / digits[2:]).unlink()
        super().restore(digest, target, **options)


def test_a_stage_whose_kept_output_is_lost_at_the_last_moment_runs(root: Path) -> None:
    item = stage("p:s", root, ["in.txt"], ["out.json"])
    for opened in (Cache, Losing):
        (root / "out.json").unlink(missing_ok=True)
        done = bring(item, lambda in0: {"out0": in0}, opened=opened, observe="off")
        assert done.outcome is Outcome.RAN, opened
    assert [str(reason) for reason in done.reasons] == ["output out.json is missing"]
    assert json.loads((root / "out.json").read_text()) == "a"
    assert bring(item, None, observe="off").outcome is Outcome.SKIPPED


@pytest.mark.parametrize(("code", "becomes"), [("c0", Outcome.RESTORED), ("c1", Outcome.RAN)])
def test_what_somebody_wrote_over_outputs_is_kept_in_the_trash(root: Path, code: str, becomes: Outcome) -> None:
    def make() -> None:
        for name in outs:
            Path(name).write_text("made")

    outs = ["a/x.txt", "b/x.txt", "c.txt"]
    bring(stage("p:s", root, (), outs), make, PathOnly())
    (root / "a/x.txt").write_text("mine")  # as long as what was made
    (root / "b/x.txt").write_text("also mine")
    done = bring(stage("p:s", root, (), outs, code=code), make, PathOnly())
    assert done.outcome is becomes
    assert {(root / name).read_text() for name in outs} == {"made"}
    trash = [path.read_text() for path in (root / ".pivot/trash").rglob("*") if path.is_file()]
    assert sorted(trash) == ["also mine", "mine"]


@pytest.mark.parametrize("lose", [Path.read_text, Path.unlink], ids=["another branch", "no lock file"])
def test_what_the_store_has_does_not_go_to_the_trash(root: Path, lose: Callable[[Path], object]) -> None:
    def make(code: str) -> None:
        bring(stage("p:s", root, (), ["x.txt"], code=code), lambda: {"out0": f"by {code}"}, Text())

    lock = root / ".pivot/stages/s.lock"
    make("c1")
    other = lock.read_text()
    make("c2")
    lock.write_text(other)  # as git does, which leaves outputs alone
    lose(lock)
    make("c3")
    assert (root / "x.txt").read_text() == "by c3"
    assert not (root / ".pivot/trash").exists()


def test_an_output_that_is_still_being_written_fails_its_stage(root: Path) -> None:
    def write_on(file: io.FileIO) -> None:
        with file:
            while os.fstat(file.fileno()).st_nlink:  # until the output is discarded
                file.write(b"more")

    def leaves_thread() -> None:
        Path("x").write_bytes(bytes(30_000_000))
        thread = threading.Thread(target=write_on, args=(io.FileIO("x", "a"),))
        thread.start()
        threads.append(thread)

    threads: list[threading.Thread] = []
    done = bring(stage("p:s", root, (), ["x"]), leaves_thread, PathOnly())
    threads[0].join()
    assert message(done) == (
        "its output x changed while it was read, to be stored; "
        "a thread or a process that it has started may still be at work"
    )
    assert done.failure is not None
    assert done.failure.cause is Cause.STAGE, "another try may go better"
    assert not (root / "x").exists()
    assert not (root / ".pivot/stages/s.lock").exists()


class Vanishing(Cache):
    """A store that finds an output gone when it comes to it."""

    def store_many(self, paths: Any, **options: Any) -> Any:
        (Path(self.root) / "../x").unlink()
        return super().store_many(paths, **options)


def test_an_output_that_vanishes_before_it_is_stored_is_named(root: Path) -> None:
    done = bring(stage("p:s", root, (), ["x"]), lambda: Path("x").touch(), PathOnly(), opened=Vanishing)
    assert message(done).startswith("its output x vanished while it was stored; a thread or a process")


def diary_of(root: Path, day: str) -> StageDefinition:
    return stage("p:s", root, (), ["diary.txt"], kind=OutputKind.INCREMENTAL, code=day)


def goes_on(day: str) -> Callable[[], None]:
    def write() -> None:
        with open("diary.txt", "a") as file:
            file.write(day)

    return write


def lose_cache(root: Path) -> None:
    shutil.rmtree(root / "cache")


@pytest.mark.parametrize(
    ("lose", "in_place", "then", "thrown_away"),
    [
        (lose_cache, "one ", "one two ", []),
        (lose_cache, "one ha", "two ", ["one ha"]),
        (lose_cache, None, "two ", []),
        (lambda root: (root / ".pivot/stages/s.lock").unlink(), "one ", "two ", ["one "]),
        (lambda root: None, "one ha", "one two ", []),
    ],
    ids=["no cache", "no cache and half-written", "a clone", "no lock file", "half-written"],
)
def test_an_incremental_output_goes_on_from_its_last_state_or_begins_anew(
    root: Path, lose: Callable[[Path], None], in_place: str | None, then: str, thrown_away: list[str]
) -> None:
    bring(diary_of(root, "one "), goes_on("one "), PathOnly())
    lose(root)
    (root / "diary.txt").unlink()
    if in_place is not None:
        (root / "diary.txt").write_text(in_place)
    done = bring(diary_of(root, "two "), goes_on("two "), PathOnly())
    assert (root / "diary.txt").read_text() == then
    assert [path.read_text() for path in (root / ".pivot/trash").rglob("diary.txt")] == thrown_away
    anew = "output diary.txt begins anew: what it was is neither in place nor in the cache"
    assert (str(done.reasons[0]) == anew) == (lose is lose_cache and then == "two ")


def test_a_state_that_nobody_else_keeps_survives_a_failure(root: Path) -> None:
    def spoils() -> None:
        Path("diary.txt").write_text("spoilt")
        raise ValueError

    bring(diary_of(root, "one "), goes_on("one "), PathOnly())
    lose_cache(root)
    bring(diary_of(root, "two "), spoils, PathOnly())
    bring(diary_of(root, "two "), goes_on("two "), PathOnly())
    assert (root / "diary.txt").read_text() == "one two "


def test_the_record_of_an_equal_run_is_replaced_when_its_outputs_are_gone(root: Path) -> None:
    item, made = stage("p:s", root, ["in.txt"], ["out.json"]), []

    def func(in0: str) -> dict[str, int]:
        made.append(in0)
        return {"out0": len(made)}  # other bytes each time

    def forget() -> None:
        (root / ".pivot/stages/s.lock").unlink()

    bring(item, func, observe="off")
    forget()
    for kept in (root / "cache/objects").rglob("*/*"):
        kept.unlink()  # and not a collection, which would take the record too
    assert bring(item, func, observe="off").outcome is Outcome.RAN
    forget()
    assert bring(item, func, observe="off").outcome is Outcome.RESTORED
    assert (root / "out.json").read_text().strip() == "2"


def test_an_undeclared_read_is_recorded_and_checked_next_time(root: Path) -> None:
    (root / "vocab.txt").write_text("1")
    item = stage("p:s", root, (), ["x.json"])

    def nosy() -> dict[str, Any]:
        return {"out0": Path("vocab.txt").read_text() + os.environ.get("MODE", "")}

    done = bring(item, nosy)
    assert done.undeclared == ("vocab.txt",)
    assert done.found is not None
    assert dict(done.found.observed.environment) == {"MODE": None}
    assert bring(item, nosy).outcome is Outcome.SKIPPED
    (root / "vocab.txt").write_text("2")
    again = bring(item, nosy)
    assert [str(reason) for reason in again.reasons] == ["file vocab.txt changed (read, not declared)"]


class Dictionary(JSON):
    """A loader that reads more than it is told to."""

    def save(self, value: Any, path: Path) -> None:
        super().save([value, Path("vocab.txt").read_text()], path)


def test_what_a_loader_reads_undeclared_is_recorded_and_nothing_of_ours(root: Path) -> None:
    (root / "vocab.txt").write_text("1")
    done = bring(stage("p:s", root, ["in.txt"], ["x.json"]), lambda in0: {"out0": in0}, Dictionary())
    assert done.undeclared == ("vocab.txt",)
    assert done.found is not None
    seen = done.found.observed
    assert (list(seen.files), seen.directories, seen.present, seen.missing) == (["vocab.txt"], {}, (), ())


def test_what_is_read_only_when_the_result_is_saved_is_recorded(root: Path) -> None:
    (root / "vocab.txt").write_text("1")
    parts = stage("p:s", root, (), ["parts"], kind=OutputKind.DIRECTORY)
    done = bring(parts, lambda: {"out0": LazyRows()}, Text())
    assert done.outcome is Outcome.RAN, done.failure
    assert done.undeclared == ("vocab.txt",)


class LazyRows(dict[str, str]):
    """Reads its rows when somebody wants them."""

    def items(self) -> Any:
        yield "a.txt", Path("vocab.txt").read_text()


def test_in_strict_mode_an_undeclared_read_fails_the_stage(root: Path) -> None:
    (root / "vocab.txt").write_text("1")
    item = stage("p:s", root, (), ["x.json"])
    done = bring(item, lambda: {"out0": Path("vocab.txt").read_text()}, observe="strict")
    assert "read vocab.txt, which it does not declare" in message(done)


def test_nothing_is_observed_when_observation_is_off(root: Path) -> None:
    (root / "vocab.txt").write_text("1")
    done = bring(stage("p:s", root, (), ["x.json"]), lambda: {"out0": Path("vocab.txt").read_text()}, observe="off")
    assert done.undeclared == ()


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from engine_fakes import identified, stage
from test_execute import bring
from pivot.loaders.plain import Text
root = Path(sys.argv[1])
def die():
    Path("x.txt").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
bring(stage("p:s", root, (), ["x.txt"], code="c1"), die, Text())
"""


def test_a_kill_in_the_middle_of_a_stage_loses_neither_the_old_output_nor_the_next_run(root: Path) -> None:
    item = stage("p:s", root, (), ["x.txt"])
    bring(item, lambda: {"out0": "old"}, Text())
    subprocess.run([sys.executable, "-c", KILLED, root, Path(__file__).parent], check=False)
    assert (root / "x.txt").read_text() == "half"
    done = bring(item, lambda: {"out0": "never called"}, Text())
    assert done.outcome is Outcome.RESTORED
    assert (root / "x.txt").read_text() == "old"
    assert os.listdir(root / ".pivot" / "inflight") == []


def test_what_a_killed_run_made_and_what_it_moved_aside_are_both_kept_by_the_next_run(root: Path) -> None:
    bring(stage("p:s", root, (), ["x.txt"]), lambda: {"out0": "old"}, Text())
    subprocess.run([sys.executable, "-c", KILLED, root, Path(__file__).parent], check=False)
    done = bring(stage("p:s", root, (), ["x.txt"], code="c2"), lambda: {"out0": "new"}, Text())
    assert done.outcome is Outcome.RAN, done.failure
    trash = (root / ".pivot" / "trash").rglob("x.txt")
    assert sorted(path.read_text() for path in trash) == ["half", "old"]
    assert not (root / ".pivot" / "inflight" / "s").exists()


def test_what_a_killed_run_moved_aside_is_dropped_when_the_outputs_are_as_they_were(root: Path) -> None:
    item = stage("p:s", root, (), ["x.txt"])
    bring(item, lambda: {"out0": "old"}, Text())
    aside = root / ".pivot" / "inflight" / "s"
    aside.mkdir(parents=True)
    (aside / "x.txt").write_text("old")
    (root / ".pivot-x.txt").write_text("unfinished")
    assert bring(item, lambda: {"out0": "never called"}, Text()).outcome is Outcome.SKIPPED
    assert not aside.exists()
    assert not (root / ".pivot-x.txt").exists()
    assert not (root / ".pivot" / "trash").exists()


def test_a_state_directory_may_lie_on_another_file_system(root: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        if os.stat(elsewhere).st_dev == os.stat(root).st_dev:
            pytest.skip("there is only one file system here")
        (root / ".pivot").symlink_to(elsewhere)
        for code in ("c1", "c2"):
            done = bring(stage("p:s", root, (), ["x.txt"], code=code), lambda code=code: {"out0": code}, Text())
            assert done.outcome is Outcome.RAN, done.failure
        assert (root / "x.txt").read_text() == "c2"


def test_what_a_killed_run_was_saving_is_no_part_of_the_next_result(root: Path) -> None:
    left = root / ".pivot-d"
    left.mkdir()
    (left / "left.txt").write_text("by a killed run")
    done = bring(stage("p:s", root, (), ["d"], kind=OutputKind.DIRECTORY), lambda: {"out0": {"a.txt": "a"}}, Text())
    assert done.outcome is Outcome.RAN, done.failure
    assert os.listdir(root / "d") == ["a.txt"]
    assert not left.exists()


def test_a_kill_before_the_stage_wrote_anything_does_not_fail_the_next_run(root: Path) -> None:
    bring(stage("p:s", root, (), ["x.txt"]), lambda: {"out0": "old"}, Text())
    early = KILLED.replace('    Path("x.txt").write_text("half")\n', "")
    subprocess.run([sys.executable, "-c", early, root, Path(__file__).parent], check=False)
    assert not (root / "x.txt").exists()
    done = bring(stage("p:s", root, (), ["x.txt"], code="c2"), lambda: {"out0": "new"}, Text())
    assert done.outcome is Outcome.RAN
    assert (root / "x.txt").read_text() == "new"


def test_a_file_that_cannot_be_loaded_or_saved_is_named(root: Path) -> None:
    (root / "in.txt").write_bytes(b"\xff")
    reads = bring(stage("p:reads", root, ["in.txt"], ["x.json"]), lambda in0: in0)
    assert message(reads).startswith("its input in.txt could not be loaded: UnicodeDecodeError: ")

    saves = bring(stage("p:saves", root, (), ["x.json"]), lambda: {"out0": {1, 2}})
    assert message(saves).startswith("its output x.json could not be saved: TypeError: ")


def test_a_stage_that_deletes_its_input_is_told_so(root: Path) -> None:
    (root / "in.txt").write_text("rows")
    done = bring(stage("p:s", root, ["in.txt"], ["x.json"]), lambda in0: (root / "in.txt").unlink() or {"out0": 1})
    assert message(done) == "its input in.txt vanished while it ran"
