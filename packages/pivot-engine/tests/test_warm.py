"""Workers that outlive a run."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from engine_fakes import LivePipeline, live, stage

from pivot.cache import CacheRoot
from pivot.engine import Engine, EngineSettings, Outcome, RunOptions
from pivot.engine.warm import WarmPool


def worker() -> None:
    Path("pid.txt").write_text(str(os.getpid()))


def dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def pool() -> Iterator[WarmPool]:
    with closing(WarmPool()) as made:
        yield made


def pipeline(root: Path, *more: str) -> LivePipeline:
    stages = [stage("p:worker", root, (), ["pid.txt"]), *(stage(f"p:{name}", root, (), [name]) for name in more)]
    return live(root, stages, worker=worker, **{name: dies if name == "dies" else worker for name in more})


def run(root: Path, pool: WarmPool, made: LivePipeline, jobs: int = 1) -> Outcome:
    settings = EngineSettings(root, CacheRoot(root / "cache"), jobs=jobs)
    with Engine(pipeline=made, settings=settings, environ={}, runners=pool.runner) as engine:
        result = engine.run_once(RunOptions(force=True, keep_going=True))
    return next(iter(result.done.values())).outcome


def pid(root: Path) -> int:
    return int((root / "pid.txt").read_text())


def test_the_next_run_has_the_same_workers(tmp_path: Path, pool: WarmPool) -> None:
    assert run(tmp_path, pool, pipeline(tmp_path)) is Outcome.RAN
    first = pid(tmp_path)
    assert run(tmp_path, pool, pipeline(tmp_path)) is Outcome.RAN
    assert pid(tmp_path) == first != os.getpid()


def test_a_changed_compiled_module_means_new_workers(tmp_path: Path, pool: WarmPool) -> None:
    module = tmp_path / "fast.so"
    module.touch()
    pool.know([str(module)])
    run(tmp_path, pool, pipeline(tmp_path))
    first = pid(tmp_path)
    os.utime(module, ns=(1, 1))
    run(tmp_path, pool, pipeline(tmp_path))
    assert pid(tmp_path) != first


def test_other_outputs_mean_new_workers(tmp_path: Path, pool: WarmPool) -> None:
    """What the workers were told at their start includes what no listing of a directory counts."""
    run(tmp_path, pool, pipeline(tmp_path))
    first = pid(tmp_path)
    run(tmp_path, pool, live(tmp_path, [stage("p:worker", tmp_path, (), ["pid.txt", "b.txt"])], worker=both))
    assert pid(tmp_path) != first


def both() -> None:
    worker()
    Path("b.txt").touch()


def test_after_a_worker_died_the_next_run_has_workers(tmp_path: Path, pool: WarmPool) -> None:
    settings = EngineSettings(tmp_path, CacheRoot(tmp_path / "cache"), jobs=1)
    made = live(tmp_path, [stage("p:dies", tmp_path, (), ["never.txt"])], dies=dies)
    with Engine(pipeline=made, settings=settings, environ={}, runners=pool.runner) as engine:
        assert not engine.run_once().ok
    assert run(tmp_path, pool, pipeline(tmp_path)) is Outcome.RAN


def test_a_killed_pool_is_replaced(tmp_path: Path, pool: WarmPool) -> None:
    run(tmp_path, pool, pipeline(tmp_path))
    first = pid(tmp_path)
    pool.kill()
    run(tmp_path, pool, pipeline(tmp_path))
    assert pid(tmp_path) != first
