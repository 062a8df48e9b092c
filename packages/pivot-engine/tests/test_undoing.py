"""What one stage does to its process, the next one does not find: through real workers."""

import _locale
import json
import os
import random
import resource
import signal
import socket
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from engine_fakes import identified, live, stage, tasks_of

from pivot.cache import CacheRoot
from pivot.engine import EngineSettings, Outcome
from pivot.engine.pool import PoolRunner
from pivot.executor.task import StageTask, TaskOptions
from pivot.loaders import Text
from pivot.outputs import Out
from pivot.registry.definition import Origin

Look = Callable[[], object]


def files() -> object:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft, hard


class Nothing:
    """Finds no module."""

    def find_spec(self, *_: object) -> None: ...


CHANGES: dict[str, tuple[Callable[[], object], Look]] = {
    "umask": (lambda: os.umask(0o077), lambda: os.umask(0o022)),
    "environ": (os.environ.clear, lambda: sorted(os.environ)),
    "another environ": (lambda: setattr(os, "environ", {}), lambda: sorted(os.environ)),
    "soft limit": (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, files()[1])), files),  # type: ignore[index]
    "locale": (lambda: _locale.setlocale(_locale.LC_ALL, "C"), lambda: _locale.setlocale(_locale.LC_ALL)),
    "handler": (lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN), lambda: signal.getsignal(signal.SIGUSR1)),
    "alarm": (lambda: signal.setitimer(signal.ITIMER_REAL, 60), lambda: signal.getitimer(signal.ITIMER_REAL)),
    "blocked signal": (
        lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1}),
        lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ()),
    ),
    "import path": (lambda: sys.path.insert(0, "/nowhere"), lambda: list(sys.path)),
    "socket timeout": (lambda: socket.setdefaulttimeout(1), socket.getdefaulttimeout),
    "directory": (lambda: os.chdir("/"), lambda: Path("here").exists()),
    "finders": (lambda: sys.meta_path.insert(0, Nothing()), lambda: list(map(type, sys.meta_path))),
    "warning filters": (lambda: warnings.simplefilter("error"), lambda: list(warnings.filters)),
    "recursion limit": (lambda: sys.setrecursionlimit(5000), sys.getrecursionlimit),
}


def test_the_next_stage_finds_the_process_as_the_first_did(tmp_path: Path) -> None:
    def found() -> str:
        return json.dumps({name: str(look()) for name, (_, look) in CHANGES.items()} | {"process": os.getpid()})

    def changing() -> None:
        Path("first.txt").write_text(found())
        for change, _ in CHANGES.values():
            change()

    (tmp_path / "here").touch()
    run(tmp_path, first=changing, second=lambda: Path("second.txt").write_text(found()))
    first, second = (json.loads((tmp_path / f"{name}.txt").read_text()) for name in ("first", "second"))
    assert second == first


def test_a_limit_that_nobody_may_raise_again_does_not_hold_for_the_next_stage(tmp_path: Path) -> None:
    def changing() -> None:
        Path("first.txt").write_text(str(files()))
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    run(tmp_path, first=changing, second=lambda: Path("second.txt").write_text(str(files())))
    assert (tmp_path / "second.txt").read_text() == (tmp_path / "first.txt").read_text()


def test_no_stage_finds_random_numbers_that_another_has_seeded(tmp_path: Path) -> None:
    def seeding() -> None:
        random.seed(1)
        Path("first.txt").write_text(str(random.getstate()))

    def finding() -> None:
        Path("second.txt").write_text(str(random.getstate()))

    run(tmp_path, first=seeding, second=finding)
    assert (tmp_path / "first.txt").read_text() != (tmp_path / "second.txt").read_text()


def test_a_stage_that_closes_the_pipes_fails_and_the_next_one_runs(tmp_path: Path) -> None:
    def closing() -> None:
        Path("first.txt").touch()
        os.closerange(3, 256)

    done = run(tmp_path, first=closing, second=lambda: Path("second.txt").touch())
    assert done == [Outcome.FAILED, Outcome.RAN]


def test_a_stage_that_changes_who_runs_it_is_the_last_of_its_worker(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")

    def changing() -> None:
        Path("first.txt").write_text(str(os.getpid()))
        os.seteuid(65534)

    done = run(tmp_path, first=changing, second=lambda: Path("second.txt").write_text(str(os.getpid())))
    assert done[1] is Outcome.RAN
    assert (tmp_path / "first.txt").read_text() != (tmp_path / "second.txt").read_text()


def test_a_child_that_a_stage_forked_does_not_come_back_as_a_second_worker(tmp_path: Path) -> None:
    def forking() -> None:
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            Path("first.txt").touch()

    done = run(tmp_path, first=forking, second=lambda: Path("second.txt").touch())
    assert done == [Outcome.RAN, Outcome.RAN]


def test_a_child_that_a_stage_forked_saves_nothing(tmp_path: Path) -> None:
    class Noted(Text):
        def save(self, value: str, path: Path) -> None:
            (tmp_path / f"saved by {os.getpid()}").touch()
            super().save(value, path)

    def forking() -> dict[str, str]:
        if child := os.fork():
            os.waitpid(child, 0)
        return {"out0": "made"}

    options = TaskOptions(EngineSettings(tmp_path, CacheRoot(tmp_path / "cache")), "r1")
    (task,) = tasks_of(live(tmp_path, [stage("p:first", tmp_path, (), ["first.txt"])], first=forking), options)
    assert task.info is not None
    task.info["outs"]["out0"] = Out("first.txt", Noted())
    pool = PoolRunner(options, 1, lambda _: None, identified)
    pool.start(task)
    done = pool.wait().done
    pool.close()
    assert (done.outcome, done.failure) == (Outcome.RAN, None)
    assert len(list(tmp_path.glob("saved by *"))) == 1


PIPELINE = """
import contextlib, os
from pathlib import Path
from pivot.loaders import PathOnly
from pivot.outputs import Out

class Loaded:
    def __init__(self, mask):
        os.umask(int(mask, 8))

    def active(self):
        return contextlib.nullcontext()

    def get(self, ref):
        def telling():
            mask = os.umask(0)
            Path(f"{ref.stage}.txt").write_text(f"{mask:o}")
        return {"name": ref.stage, "func": telling, "outs": {"out0": Out([f"{ref.stage}.txt"], PathOnly())}}
"""


def test_what_a_pipeline_does_to_the_process_holds_for_all_its_stages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "some_pipeline.py").write_text(PIPELINE)
    monkeypatch.syspath_prepend(tmp_path)
    masks = {"first": "27", "second": "26", "third": "26"}
    stages = [
        stage(f"p:{name}", tmp_path, (), [f"{name}.txt"], code=name)._replace(
            origin=Origin("some_pipeline:Loaded", (mask,))
        )
        for name, mask in masks.items()
    ]
    assert run_all(tmp_path, map(StageTask, stages)) == [Outcome.RAN] * 3
    assert {name: (tmp_path / f"{name}.txt").read_text() for name in masks} == masks


def run(root: Path, **functions: Callable[[], object]) -> list[Outcome]:
    """Run stages in one worker, one after the other, as long as it lives."""
    stages = [stage(f"p:{name}", root, (), [f"{name}.txt"], code=name) for name in functions]
    return run_all(root, tasks_of(live(root, stages, **functions), options_of(root)))


def options_of(root: Path) -> TaskOptions:
    return TaskOptions(EngineSettings(root, CacheRoot(root / "cache"), observe="off"), "r1")


def run_all(root: Path, tasks: Iterable[StageTask]) -> list[Outcome]:
    pool = PoolRunner(options_of(root), 1, lambda _event: None, identified)
    done = []
    try:
        for task in tasks:
            pool.start(task)
            done.append(pool.wait().done.outcome)
    finally:
        pool.close()
    return done
