"""Whole runs over a pipeline that is data and functions of paths."""

import io
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from engine_fakes import LivePipeline, live, ref, stage

from pivot.cache import CacheRoot
from pivot.engine import Engine, EngineSettings, Outcome, RunOptions, RunResult
from pivot.engine.events import Event, StageFinished, StageStarted
from pivot.registry.definition import OutputKind
from pivot.registry.errors import DefinitionError
from pivot.registry.marks import TICK_NS
from pivot.registry.types import StageRef


def settings_of(root: Path) -> EngineSettings:
    return EngineSettings(root, CacheRoot(root / "cache"), jobs=2)


def run(pipeline: LivePipeline, options: RunOptions = RunOptions()) -> RunResult:
    with Engine(pipeline=pipeline, settings=settings_of(pipeline.root), environ={}) as engine:
        return engine.run_once(options)


def words(pipeline: LivePipeline) -> dict[str, str]:
    with Engine(pipeline=pipeline, settings=settings_of(pipeline.root), environ={}) as engine:
        return {status.ref.stage: status.word for status in engine.status()}


def lock_of(root: Path, name: str) -> Any:
    return json.loads((root / f".pivot/stages/{name}.lock").read_text())


def outcomes(result: RunResult) -> dict[str, Outcome]:
    return {ref.stage: done.outcome for ref, done in result.done.items()}


def upper(in0: Path) -> None:
    Path("upper.txt").write_text(in0.read_text().upper())


def double(in0: Path) -> None:
    Path("double.txt").write_text(in0.read_text() * 2)


def chain(root: Path, *, upper_code: str = "c0", double_code: str = "c0") -> LivePipeline:
    stages = [
        stage("p:upper", root, ["in.txt"], ["upper.txt"], code=upper_code),
        stage("p:double", root, ["upper.txt"], ["double.txt"], code=double_code),
    ]
    return live(root, stages, upper=upper, double=double)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "in.txt").write_text("a")
    return tmp_path


def test_a_run_makes_everything_and_the_next_one_does_nothing(root: Path) -> None:
    assert outcomes(run(chain(root))) == {"upper": Outcome.RAN, "double": Outcome.RAN}
    assert (root / "double.txt").read_text() == "AA"
    for _ in range(3):  # with and without certificates
        assert set(outcomes(run(chain(root))).values()) == {Outcome.SKIPPED}
        assert set(words(chain(root)).values()) == {"fresh"}


class Unlooked(LivePipeline):
    """Nobody may ask for its code."""

    def codes(self, ref: StageRef) -> Mapping[str, str]:
        raise AssertionError(f"the code of {ref} is as it was")

    def sources(self, hashes: Iterable[str]) -> Mapping[str, str]:
        raise AssertionError(f"there are sources of {hashes}, or there were none")


def test_a_stage_with_other_inputs_is_not_asked_for_its_code_again(root: Path) -> None:
    run(chain(root))
    for text in "bc":
        (root / "in.txt").write_text(text)
        assert set(outcomes(run(Unlooked(*chain(root)))).values()) == {Outcome.RAN}
        assert lock_of(root, "upper")["manifest"] == {"m.upper": "c0"}


def test_code_that_somebody_else_says_a_stage_has_is_not_believed(root: Path) -> None:
    run(chain(root))
    lock = lock_of(root, "upper")
    lock["manifest"]["m.other"] = "c0"
    (root / ".pivot/stages/upper.lock").write_text(json.dumps(lock))
    (root / "in.txt").write_text("b")
    assert outcomes(run(chain(root)))["upper"] is Outcome.RAN
    assert lock_of(root, "upper")["manifest"] == {"m.upper": "c0"}


def test_what_was_certified_of_a_project_says_nothing_about_its_copy(root: Path) -> None:
    original, copy = root / "original", root / "copy"
    original.mkdir()
    (root / "in.txt").rename(original / "in.txt")
    for _ in range(2):  # with certificates
        run(chain(original))
    shutil.copytree(original, copy)
    (copy / "in.txt").write_text("b")
    (copy / "double.txt").write_text("spoilt")
    assert words(chain(copy)) == {"upper": "run", "double": "run"}
    assert set(words(chain(original)).values()) == {"fresh"}


def test_who_only_looks_takes_what_is_just_being_written_for_stale(root: Path) -> None:
    def write_on() -> None:
        with io.FileIO(root / "upper.txt", "a") as file:
            while not seen:
                file.write(b"more")

    run(chain(root))
    (root / "upper.txt").write_bytes(bytes(30_000_000))
    seen: list[dict[str, str]] = []
    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        seen.append(words(chain(root)))
    finally:
        seen.append({})
        writer.join()
    assert seen[0] == {"upper": "restore", "double": "fresh"}


def test_what_a_dying_worker_has_left_is_never_taken_for_the_result(root: Path) -> None:
    def dies(in0: Path) -> None:
        Path("upper.txt").write_text("half")
        os._exit(3)

    for _ in range(2):  # with certificates
        run(chain(root))
    (root / "in.txt").write_text("b")
    assert outcomes(run(chain(root)._replace(entries={"upper": dies}))) == {
        "upper": Outcome.FAILED,
        "double": Outcome.BLOCKED,
    }
    assert (root / "upper.txt").read_text() == "half"
    assert words(chain(root)) == {"upper": "run", "double": "run"}
    (root / "in.txt").write_text("a")
    assert outcomes(run(chain(root)))["upper"] is Outcome.RESTORED
    assert (root / "upper.txt").read_text() == "A"
    assert os.listdir(root / ".pivot/inflight") == []


def test_only_what_changed_and_what_sees_a_difference_runs(root: Path) -> None:
    run(chain(root))
    assert outcomes(run(chain(root, double_code="c1"))) == {"upper": Outcome.SKIPPED, "double": Outcome.RAN}
    # Early cutoff: the new code of `upper` makes the same bytes.
    assert outcomes(run(chain(root, upper_code="c1", double_code="c1"))) == {
        "upper": Outcome.RAN,
        "double": Outcome.SKIPPED,
    }


def test_what_was_computed_before_is_restored(root: Path) -> None:
    run(chain(root))
    run(chain(root))
    (root / "in.txt").write_text("b")
    assert outcomes(run(chain(root))) == {"upper": Outcome.RAN, "double": Outcome.RAN}
    (root / "in.txt").write_text("a")
    assert words(chain(root)) == {"upper": "restore", "double": "restore"}
    assert outcomes(run(chain(root))) == {"upper": Outcome.RESTORED, "double": Outcome.RESTORED}
    assert (root / "double.txt").read_text() == "AA"


def wait_until_settled(root: Path) -> None:
    """Wait until a change of any file would show: what is younger is not certified."""
    newest = max(path.lstat().st_ctime_ns for path in root.rglob("*"))
    while time.time_ns() <= newest + TICK_NS:
        time.sleep(0.001)


def test_what_is_certified_is_told_of_before_anything_starts(root: Path) -> None:
    def pair(code: str) -> LivePipeline:
        stages = [
            stage("p:upper", root, ["in.txt"], ["upper.txt"], code=code),
            stage("p:double", root, ["in.txt"], ["double.txt"]),
        ]
        return live(root, stages, upper=upper, double=double)

    class List:
        def emit(self, event: Event) -> None:
            if isinstance(event, StageFinished | StageStarted):
                told.append((type(event), (event.done if isinstance(event, StageFinished) else event).ref.stage))

    told: list[tuple[type, str]] = []
    for _ in range(2):
        run(pair("c0"))
        wait_until_settled(root)
    with Engine(pipeline=pair("c1"), settings=settings_of(root), sink=List(), environ={}) as engine:
        assert engine.run_once().ok
    assert told == [(StageFinished, "double"), (StageStarted, "upper"), (StageFinished, "upper")]


def test_deleted_and_edited_outputs_come_back(root: Path) -> None:
    run(chain(root))
    (root / "upper.txt").unlink()
    (root / "double.txt").write_text("edited")
    assert outcomes(run(chain(root))) == {"upper": Outcome.RESTORED, "double": Outcome.RESTORED}
    assert (root / "double.txt").read_text() == "AA"


def test_a_run_says_where_it_has_put_what_lay_in_place_of_outputs(root: Path) -> None:
    assert not run(chain(root)).trash
    (root / "double.txt").write_text("mine")
    (place,) = run(chain(root)).trash
    assert place.parent == root / ".pivot" / "trash"
    assert [path.read_text() for path in place.rglob("double.txt")] == ["mine"]


def test_checkout_restores_without_running_and_keeps_what_nobody_else_has(root: Path) -> None:
    run(chain(root))
    (root / "upper.txt").unlink()
    (root / "double.txt").write_text("mine")
    with Engine(pipeline=chain(root), settings=settings_of(root)) as engine:
        done = engine.checkout()
        assert [path for _, path in done.restored] == ["upper.txt", "double.txt"]
        assert engine.checkout().present == 2
    assert (root / "double.txt").read_text() == "AA"
    assert [path.read_text() for path in (root / ".pivot" / "trash").rglob("double.txt")] == ["mine"]


def test_git_is_told_of_outputs_before_they_are_made(root: Path) -> None:
    (root / ".git").mkdir()

    def look(in0: Path) -> None:
        Path("seen").write_text(Path(".gitignore").read_text())
        raise ValueError(in0)

    pipeline = live(root, [stage("p:upper", root, ["in.txt"], ["upper.txt"])], upper=look)
    assert outcomes(run(pipeline)) == {"upper": Outcome.FAILED}
    assert "/upper.txt" in (root / "seen").read_text()


def test_status_foresees_what_depends_on_what_must_run(root: Path) -> None:
    with Engine(pipeline=chain(root), settings=settings_of(root)) as engine:
        found = {status.ref.stage: [str(reason) for reason in status.reasons] for status in engine.status()}
    assert found == {"upper": ["never ran"], "double": ["input upper.txt comes from p:upper, which must run"]}


def test_a_failure_keeps_the_previous_outputs_and_stops_what_depends_on_it(root: Path) -> None:
    run(chain(root))

    def broken(in0: Path) -> None:
        Path("upper.txt").write_text("half")
        raise ValueError("no luck")

    pipeline = chain(root, upper_code="c1")
    failing = live(root, pipeline.stages, upper=broken, double=double)
    result = run(failing)
    assert outcomes(result) == {"upper": Outcome.FAILED, "double": Outcome.BLOCKED}
    assert "ValueError: no luck" in result.failures[0].failure.message  # type: ignore[union-attr]
    assert (root / "upper.txt").read_text() == "A"
    assert not (root / ".pivot" / "inflight" / "upper").exists()


def test_a_stage_that_does_not_make_its_output_fails(root: Path) -> None:
    def lazy(in0: Path) -> None: ...

    result = run(live(root, [stage("p:upper", root, ["in.txt"], ["upper.txt"])], upper=lazy))
    assert result.failures[0].failure.message == "it did not make its output upper.txt"  # type: ignore[union-attr]


@pytest.mark.parametrize("leave", [lambda: os._exit(3), lambda: os.kill(os.getpid(), signal.SIGKILL)])
def test_a_dying_worker_fails_its_stage_only(root: Path, leave: Callable[[], None]) -> None:
    def die(in0: Path) -> None:
        leave()

    stages = [
        stage("p:upper", root, ["in.txt"], ["upper.txt"]),
        stage("p:die", root, ["in.txt"], ["die.txt"], code="die"),
        stage("p:double", root, ["upper.txt"], ["double.txt"]),
    ]
    result = run(live(root, stages, upper=upper, double=double, die=die), RunOptions(keep_going=True))
    found = outcomes(result)
    assert found["die"] is Outcome.FAILED
    # One whose report died with the pool is found up to date when it is tried again.
    assert {found["upper"], found["double"]} <= {Outcome.RAN, Outcome.SKIPPED}
    assert (root / "double.txt").read_text() == "AA"
    message = result.failures[0].failure.message  # type: ignore[union-attr]
    assert "SIGKILL" in message or "code 3" in message


def test_what_another_run_made_meanwhile_reaches_what_reads_it(root: Path) -> None:
    for _ in range(2):  # with certificates
        run(chain(root))
    (root / "in.txt").write_text("b")

    class Overtaken:
        def emit(self, event: Event) -> None:
            if isinstance(event, StageStarted) and event.ref == ref("p:upper"):
                run(chain(root), RunOptions(targets=(ref("p:upper"),)))

    with Engine(pipeline=chain(root), settings=settings_of(root), sink=Overtaken(), environ={}) as engine:
        result = engine.run_once()
    assert outcomes(result) == {"upper": Outcome.SKIPPED, "double": Outcome.RAN}
    assert (root / "double.txt").read_text() == "BB"


def test_force_runs_the_targets_and_only_leaves_the_rest_alone(root: Path) -> None:
    run(chain(root))
    options = RunOptions(targets=(ref("p:double"),), force=True)
    assert outcomes(run(chain(root), options)) == {"upper": Outcome.SKIPPED, "double": Outcome.RAN}
    (root / "in.txt").write_text("b")
    only = RunOptions(targets=(ref("p:double"),), only=True)
    assert outcomes(run(chain(root), only)) == {"double": Outcome.SKIPPED}


def test_an_incremental_output_goes_on_from_where_the_last_run_left_it(root: Path) -> None:
    def append(in0: Path) -> None:
        with Path("log.txt").open("a") as file:
            file.write(in0.read_text())

    both = [stage("p:log", root, ["in.txt"], ["log.txt"], kind=OutputKind.INCREMENTAL)]
    run(live(root, both, log=append))
    (root / "log.txt").write_text("half-written by a killed run")
    (root / "in.txt").write_text("b")
    run(live(root, both, log=append))
    assert (root / "log.txt").read_text() == "ab"


def test_a_stage_that_changes_its_own_input_fails(root: Path) -> None:
    def vandal(in0: Path) -> None:
        in0.write_text("other")
        Path("upper.txt").write_text("x")

    result = run(live(root, [stage("p:upper", root, ["in.txt"], ["upper.txt"])], upper=vandal))
    assert result.failures[0].failure.message == "its input in.txt changed while it ran"  # type: ignore[union-attr]


def test_a_stage_that_cannot_be_identified_is_always_stale_and_says_why(root: Path) -> None:
    odd = [stage("p:upper", root, ["in.txt"], ["upper.txt"], unknown=("cannot identify a socket",))]
    for _ in range(2):
        result = run(live(root, odd, upper=upper))
        assert outcomes(result) == {"upper": Outcome.RAN}
    assert str(result.done[ref("p:upper")].reasons[0]) == "always stale: cannot identify a socket"


def test_a_lock_file_with_conflict_markers_means_stale_and_says_so(root: Path) -> None:
    run(chain(root))
    lock = root / ".pivot" / "stages" / "upper.lock"
    sound = lock.read_text()
    lock.write_text(f"<<<<<<< ours\n{sound}=======\n>>>>>>> theirs\n")
    result = run(chain(root), RunOptions(no_cache=True))
    assert outcomes(result)["upper"] is Outcome.RAN
    assert "conflict markers" in str(result.done[ref("p:upper")].reasons[0])
    assert lock.read_text() == sound


def test_after_a_merge_what_the_cache_knows_is_restored_though_no_lock_file_can_be_read(root: Path) -> None:
    run(chain(root))
    lock = root / ".pivot" / "stages" / "upper.lock"
    sound = lock.read_text()
    lock.write_text(f"<<<<<<< ours\n{sound}=======\n>>>>>>> theirs\n")
    result = run(chain(root))
    assert outcomes(result) == {"upper": Outcome.RESTORED, "double": Outcome.SKIPPED}
    assert "conflict markers" in str(result.done[ref("p:upper")].reasons[0])
    assert lock.read_text() == sound


def test_what_a_stage_prints_goes_to_its_log(root: Path) -> None:
    def loud(in0: Path) -> None:
        print("from python")
        os.system("echo from a child")
        upper(in0)

    result = run(live(root, [stage("p:upper", root, ["in.txt"], ["upper.txt"])], upper=loud))
    log = root / ".pivot" / "logs" / result.run_id / "upper.log"
    assert log.read_text() == "from python\nfrom a child\n"


def test_events_come_in_order_and_name_every_stage(root: Path) -> None:
    seen: list[Event] = []

    class List:
        def emit(self, event: Event) -> None:
            seen.append(event)

    with Engine(pipeline=chain(root), settings=settings_of(root), sink=List()) as engine:
        engine.run_once()
    kinds = [type(event).__name__ for event in seen]
    assert kinds[0] == "RunStarted"
    assert kinds[-1] == "RunFinished"
    assert [event.ref.stage for event in seen if isinstance(event, StageStarted)] == ["upper", "double"]
    assert [event.done.ref.stage for event in seen if isinstance(event, StageFinished)] == ["upper", "double"]


def test_the_same_work_elsewhere_is_found_in_the_run_cache(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        root = tmp_path / name
        root.mkdir()
        (root / "in.txt").write_text("a")
        settings = EngineSettings(root, CacheRoot(tmp_path / "cache"))
        with Engine(pipeline=chain(root), settings=settings, environ={}) as engine:
            found.append(set(outcomes(engine.run_once()).values()))
    assert found == [{Outcome.RAN}, {Outcome.RESTORED}]


def test_a_target_that_does_not_exist_is_refused_before_anything_runs(root: Path) -> None:
    with pytest.raises(DefinitionError, match="there is no stage p:nosuch"):
        run(chain(root), RunOptions(targets=(ref("p:nosuch"),)))
    assert not (root / ".pivot").exists()


def test_the_graph_has_the_stages_as_nodes(root: Path) -> None:
    with Engine(pipeline=chain(root), settings=settings_of(root)) as engine:
        assert list(engine.graph.edges) == [(ref("p:upper"), ref("p:double"))]
