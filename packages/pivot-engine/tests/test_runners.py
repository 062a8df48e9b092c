"""What every runner keeps to: the stages that are started come back from `wait`, each once, failed or not."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from engine_fakes import identified, live, stage, tasks_of

from pivot.cache import CacheRoot
from pivot.engine import EngineSettings, Outcome
from pivot.engine.pool import PoolRunner
from pivot.engine.runner import InlineRunner, Runner
from pivot.executor.task import Done, StageTask, TaskOptions
from pivot.executor.worker import inline_execution
from pivot.registry.types import StageRef


def silent(_ref: StageRef, _owner: int | None) -> None:
    pass


@contextmanager
def inline(options: TaskOptions) -> Iterator[Runner]:
    with options.settings.open_cache() as cache:
        execution = inline_execution(options, cache, silent, identified)
        runner = InlineRunner(execution.bring_up_to_date, execution.close, lambda _event: None)
        yield runner
        runner.close()


@contextmanager
def pool(options: TaskOptions) -> Iterator[Runner]:
    runner = PoolRunner(options, 2, lambda _event: None, identified)
    yield runner
    runner.close()


Opening = Callable[[TaskOptions], Any]
every_runner = pytest.mark.parametrize("opening", [inline, pool])


def writes() -> None:
    Path("out.txt").write_text(os.getcwd())


def fails() -> None:
    raise ValueError("no such colour")


def exits() -> None:
    raise SystemExit(0)


def interrupts() -> None:
    raise KeyboardInterrupt


class Awkward(Exception):
    """Can neither be pickled nor be made again without its arguments, and has no text."""

    def __init__(self, one: int, two: int) -> None:
        self.parts = one, two, lambda: None

    def __str__(self) -> str:
        raise RuntimeError("no text")


def is_awkward() -> None:
    raise Awkward(1, 2)


def is_verbose() -> None:
    raise ValueError("x" * 100_000_000)


def recurses() -> None:
    recurses()


def bring(root: Path, opening: Opening, **functions: Callable[[], None]) -> dict[str, Done]:
    options = TaskOptions(EngineSettings(root, CacheRoot(root / "cache"), observe="off"), "r1")
    stages = [stage(f"p:{name}", root, (), [f"{name}/out.txt"], code=name) for name in functions]
    waiting: list[StageTask] = tasks_of(live(root, stages, **functions), options)
    done: list[Done] = []
    with opening(options) as runner:
        while waiting or len(done) < len(functions):
            while waiting and runner.room(ahead=True):
                runner.start(waiting.pop(0))
            done.append(runner.wait().done)
    assert len({one.ref for one in done}) == len(done) == len(functions)
    return {one.ref.stage: one for one in done}


def makes(name: str) -> Callable[[], None]:
    return lambda: Path(name, "out.txt").write_text(name) and None


@every_runner
def test_each_stage_comes_back_once(tmp_path: Path, opening: Opening) -> None:
    names = [f"s{number}" for number in range(7)]
    done = bring(tmp_path, opening, **{name: makes(name) for name in names})
    assert {one.outcome for one in done.values()} == {Outcome.RAN}
    assert [(tmp_path / name / "out.txt").read_text() for name in names] == names


@every_runner
@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (fails, "no such colour"),
        (exits, "SystemExit: 0"),
        (interrupts, "KeyboardInterrupt"),
        (is_awkward, "Awkward"),
        (is_verbose, "ValueError: xxx"),
        (recurses, "RecursionError"),
    ],
)
def test_a_failure_is_a_value_whatever_was_raised(
    tmp_path: Path, opening: Opening, bad: Callable[[], None], expected: str
) -> None:
    done = bring(tmp_path, opening, bad=bad, good=makes("good"))
    assert done["good"].outcome is Outcome.RAN
    assert done["bad"].outcome is Outcome.FAILED
    failure = done["bad"].failure
    assert failure is not None
    assert expected in failure.message
    assert len(failure.message) < 1000
    assert len(failure.traceback) < 30_000
