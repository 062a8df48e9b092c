"""Tasks that workers are given while they have another: through real processes."""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from engine_fakes import ref, stage

from pivot.cache import CacheRoot
from pivot.engine import EngineSettings, Event
from pivot.engine.events import StageStarted
from pivot.engine.pool import PoolRunner
from pivot.executor.settings import Observe
from pivot.executor.task import StageTask, TaskOptions
from pivot.registry.definition import Origin
from pivot.registry.types import PipelineName

PIPELINE = """
import contextlib, os, signal, sys, time
from pathlib import Path
from pivot.loaders import PathOnly
from pivot.outputs import Out

def quick(path):
    path.write_text(str(os.getpid()))

def waits(path):
    quick(path.with_suffix(".began"))
    while not Path("go").exists():
        time.sleep(0.01)
    quick(path)

def fails(path):
    raise ValueError("no luck")

def dies(path):
    os.kill(os.getpid(), signal.SIGKILL)

def plugs(path):
    waits(path)
    import plugin_of_p

class Loaded:
    active = contextlib.nullcontext

    def get(self, ref):
        path = Path(f"{ref.stage}.txt")
        does = globals()[ref.stage.split("_")[0]]
        return {"name": ref.stage, "func": lambda: does(path), "outs": {"out0": Out([str(path)], PathOnly())}}
"""


class Pool:
    """A pool, and what it told."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.told: list[str] = []
        self.runner: PoolRunner

    def open(self, jobs: int, observe: Observe = "off") -> None:
        options = TaskOptions(EngineSettings(self.root, CacheRoot(self.root / "cache"), observe=observe), "r1")
        self.runner = PoolRunner(options, jobs, self._tell, _identify)

    def _tell(self, event: Event) -> None:
        assert isinstance(event, StageStarted)
        self.told.append(f"{event.ref.stage} began")

    def start(self, *names: str, **more: object) -> None:
        for name in names:
            defined = stage(f"p:{name}", self.root, (), [f"{name}.txt"], code=name)
            task = StageTask(defined._replace(origin=Origin("ahead_of_p:Loaded", ())))
            self.runner.start(task._replace(**more))

    def wait(self) -> str:
        done, begun = self.runner.wait()
        self.told.append(end := f"{done.ref.stage} {done.outcome}")
        for event in begun:
            self._tell(event)
        return end

    def go(self) -> None:
        (self.root / "go").touch()

    def process_of(self, name: str) -> int:
        """Wait until a stage has been at work; give its process."""
        path = self.root / name
        for _ in range(6000):
            if path.exists() and (text := path.read_text()):
                return int(text)
            time.sleep(0.01)
        raise AssertionError(f"there is no {name}")


def _identify(_pipeline: PipelineName, names: Sequence[str]) -> Mapping[str, str]:
    return dict.fromkeys(names, "seen")


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    (tmp_path / "ahead_of_p.py").write_text(PIPELINE)
    (tmp_path / "plugin_of_p.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    found = Pool(tmp_path)
    yield found
    found.runner.kill()


def test_a_worker_goes_on_by_itself_and_each_end_is_told_before_the_next_beginning(pool: Pool) -> None:
    pool.open(1)
    pool.start("waits_a")
    first = pool.process_of("waits_a.began")
    pool.start("quick_b")
    assert pool.runner.room(ahead=True) == 0
    pool.go()
    assert pool.process_of("quick_b.txt") == first  # nobody has listened to the worker meanwhile
    assert [pool.wait(), pool.wait()] == ["waits_a ran", "quick_b ran"]
    assert pool.told == ["waits_a began", "waits_a ran", "quick_b began", "quick_b ran"]


def test_who_has_nothing_to_do_gets_what_lies_behind_a_long_stage(pool: Pool) -> None:
    pool.open(2)
    pool.start("waits_a")
    pool.process_of("waits_a.began")
    pool.start("quick_b", "quick_c")
    assert [pool.wait(), pool.wait()] == ["quick_b ran", "quick_c ran"]
    assert pool.process_of("quick_b.txt") == pool.process_of("quick_c.txt")
    pool.start("quick_d", "quick_e")
    assert [pool.wait(), pool.wait()] == ["quick_d ran", "quick_e ran"]
    pool.go()
    assert pool.wait() == "waits_a ran"
    pool.start("quick_f")
    assert pool.wait() == "quick_f ran"


def test_after_a_failure_nothing_begins_by_itself(pool: Pool) -> None:
    pool.open(1)
    pool.start("fails_a", "quick_b")
    assert pool.wait() == "fails_a failed"
    assert pool.runner.take_back() == [ref("p:quick_b")]
    pool.start("quick_c", "quick_d")
    assert [pool.wait(), pool.wait()] == ["quick_c ran", "quick_d ran"]
    assert not (pool.root / "quick_b.txt").exists()


def test_after_a_failure_it_begins_if_nobody_takes_it_back(pool: Pool) -> None:
    pool.open(1)
    pool.start("fails_a", "quick_b")
    assert [pool.wait(), pool.wait()] == ["fails_a failed", "quick_b ran"]


def test_what_is_held_back_does_not_begin(pool: Pool) -> None:
    pool.open(1)
    pool.start("waits_a")
    pool.process_of("waits_a.began")
    pool.start("quick_b")
    pool.runner.hold_back()
    pool.go()
    assert pool.wait() == "waits_a ran"
    assert pool.runner.take_back() == [ref("p:quick_b")]
    assert pool.runner.room(ahead=False) == 1
    assert not (pool.root / "quick_b.txt").exists()


def test_what_is_taken_back_fills_no_pipe(pool: Pool) -> None:
    pool.open(1)
    pool.start("waits_a")
    pool.process_of("waits_a.began")
    for _ in range(20):
        pool.start("quick_b", manifest={"name": "hash" * 1_500})
        assert pool.runner.take_back() == [ref("p:quick_b")]
    pool.start("quick_b")
    pool.go()
    assert [pool.wait(), pool.wait()] == ["waits_a ran", "quick_b ran"]


def test_a_worker_that_dies_takes_only_what_it_has_begun_with_it(pool: Pool) -> None:
    pool.open(1)
    pool.start("dies_a", "quick_b")
    assert [pool.wait(), pool.wait()] == ["dies_a failed", "quick_b ran"]
    assert pool.told.count("quick_b began") == 1


def test_nothing_is_given_ahead_where_a_stage_may_take_only_so_long(pool: Pool) -> None:
    pool.open(1)
    pool.start("waits_a", timeout=0.5)
    pool.process_of("waits_a.began")
    pool.start("quick_b")
    assert [pool.wait(), pool.wait()] == ["waits_a failed", "quick_b ran"]


def test_a_task_that_a_pipe_does_not_hold_keeps_nobody_waiting(pool: Pool) -> None:
    pool.open(1)
    pool.start("waits_a")
    pool.process_of("waits_a.began")
    pool.start("quick_b", manifest={"name": "hash" * 100_000})
    pool.go()
    assert [pool.wait(), pool.wait()] == ["waits_a ran", "quick_b ran"]


def test_a_stage_whose_code_is_asked_for_is_answered_past_the_task_behind_it(pool: Pool) -> None:
    pool.open(1, observe="on")
    pool.start("plugs_a")
    pool.process_of("plugs_a.began")
    pool.start("quick_b")
    pool.go()
    assert [pool.wait(), pool.wait()] == ["plugs_a ran", "quick_b ran"]
