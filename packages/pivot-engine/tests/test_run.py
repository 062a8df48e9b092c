"""The run loop over a runner that only says how tries end."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from engine_fakes import live, ref, stage

from pivot.cache import CacheRoot
from pivot.engine import Engine, EngineSettings, Event, Failure, Outcome, RunOptions, RunResult, StageFinished
from pivot.engine.events import RunStarted, StageRetried, StageStarted
from pivot.engine.runner import Over, Tell, started
from pivot.executor.observed import Identify
from pivot.executor.task import Cause, Done, StageTask, TaskOptions
from pivot.registry.definition import StageDefinition
from pivot.registry.errors import DefinitionError
from pivot.registry.types import StageRef


class Scripted:
    """Ends each try of a stage as told: `f` fails, `F` fails for good, `r` ran, `l` for long; those not named ran."""

    def __init__(self, jobs: int, tries: Mapping[str, str], *, ahead: bool = False) -> None:
        self._jobs = jobs
        self._ahead = ahead
        self._tries = {name: list(ends) for name, ends in tries.items()}
        self._running: list[StageTask] = []
        self.tell: Tell
        self.beside: dict[str, set[str]] = {}
        """What ran when each was started."""

    def room(self, *, ahead: bool) -> int:
        return self._jobs * (1 + (ahead and self._ahead)) - len(self._running)

    def start(self, task: StageTask) -> None:
        self.beside[task.stage.ref.stage] = {other.stage.ref.stage for other in self._running}
        self._running.append(task)
        self.tell(started(task))

    def wait(self) -> Over:
        found = self._running.pop(0).stage.ref
        end = self._tries.get(found.stage, ["r"]).pop(0)
        if end in "rl":
            return Over(Done(found, Outcome.RAN, seconds=60.0 if end == "l" else 0.01))
        failure = Failure("no luck", cause=Cause.STAGE if end == "f" else Cause.AROUND)
        return Over(Done(found, Outcome.FAILED, failure=failure))

    def take_back(self) -> list[StageRef]:
        return []

    def close(self) -> None: ...

    def kill(self) -> None: ...


class Run:
    """One run, and what was seen of it."""

    def __init__(
        self,
        root: Path,
        stages: Sequence[StageDefinition],
        options: RunOptions = RunOptions(),
        *,
        jobs: int = 4,
        resources: Mapping[str, float] = {},
        ahead: bool = False,
        **tries: str,
    ) -> None:
        self.events: list[Event] = []
        self.runner = Scripted(jobs, tries, ahead=ahead)
        settings = EngineSettings(root, CacheRoot(root / "cache"), jobs=jobs, resources=resources)

        def runner(_options: TaskOptions, _jobs: int, tell: Tell, _identify: Identify) -> Scripted:
            self.runner.tell = tell
            return self.runner

        pipeline = live(root, stages, **{item.ref.stage: print for item in stages})
        with Engine(pipeline=pipeline, settings=settings, sink=self, environ={}, runners=runner) as engine:
            self.result: RunResult = engine.run_once(options)

    def emit(self, event: Event) -> None:
        self.events.append(event)

    @property
    def outcomes(self) -> dict[str, Outcome]:
        return {ref.stage: done.outcome for ref, done in self.result.done.items()}

    @property
    def told(self) -> list[tuple[str, str, int]]:
        """What was told of tries."""
        told = []
        for event in self.events:
            match event:
                case StageStarted(started, attempt=attempt):
                    told.append(("started", started.stage, attempt))
                case StageRetried(done, attempt):
                    told.append(("retried", done.ref.stage, attempt))
                case StageFinished(done):
                    told.append((str(done.outcome), done.ref.stage, done.attempts))
        return told


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "in.txt").write_text("a")
    return tmp_path


def test_a_stage_that_failed_is_tried_again_as_often_as_it_says(root: Path) -> None:
    found = Run(root, [stage("p:a", root, ["in.txt"], ["a"], retries=2)], a="ffr")
    assert found.outcomes == {"a": Outcome.RAN}
    assert found.told == [
        ("started", "a", 1),
        ("retried", "a", 1),
        ("started", "a", 2),
        ("retried", "a", 2),
        ("started", "a", 3),
        ("ran", "a", 3),
    ]


def test_the_last_failure_says_how_often_it_was_tried(root: Path) -> None:
    found = Run(root, [stage("p:a", root, ["in.txt"], ["a"])], RunOptions(retries=2), a="fff")
    done = found.result.done[ref("p:a")]
    assert (done.outcome, done.attempts) == (Outcome.FAILED, 3)
    assert done.failure is not None
    assert done.failure.message == "failed 3 times; the last time: no luck"


def test_what_is_not_the_stages_own_failure_is_not_tried_again(root: Path) -> None:
    found = Run(root, [stage("p:a", root, ["in.txt"], ["a"], retries=2)], a="F")
    assert found.told == [("started", "a", 1), ("failed", "a", 1)]


def test_others_go_on_while_one_waits_for_its_next_try(root: Path) -> None:
    stages = [
        stage("p:a", root, ["in.txt"], ["a"], retries=1),
        stage("p:b", root, ["in.txt"], ["b"]),
        stage("p:c", root, ["b"], ["c"]),
    ]
    found = Run(root, stages, jobs=1, a="fr")
    assert found.outcomes == dict.fromkeys("abc", Outcome.RAN)


@pytest.mark.parametrize(("keep_going", "becomes"), [(False, Outcome.FAILED), (True, Outcome.RAN)])
def test_after_a_failure_nothing_is_tried_again_unless_the_run_goes_on(
    root: Path, keep_going: bool, becomes: Outcome
) -> None:
    stages = [stage("p:bad", root, ["in.txt"], ["b"]), stage("p:a", root, ["in.txt"], ["a"], retries=1)]
    found = Run(root, stages, RunOptions(keep_going=keep_going), bad="f", a="fr")
    assert found.outcomes == {"bad": Outcome.FAILED, "a": becomes}


def test_stages_together_use_no_more_than_there_is(root: Path) -> None:
    stages = [stage(f"p:{name}", root, ["in.txt"], [name], resources={"gpu": 0.5}) for name in "abcd"]
    found = Run(root, stages, resources={"gpu": 1.0})
    assert max(map(len, found.runner.beside.values())) == 1
    found = Run(root, stages, RunOptions(force=True, resources={"gpu": 2.0}), resources={"gpu": 1.0})
    assert max(map(len, found.runner.beside.values())) == 3, "the command line counts more than the settings"


def test_a_stage_that_needs_too_much_is_an_error_before_anything_is_told(root: Path) -> None:
    stages = [stage("p:a", root, ["in.txt"], ["a"]), stage("p:b", root, ["in.txt"], ["b"], resources={"gpu": 1.0})]
    seen: list[Event] = []

    class List:
        def emit(self, event: Event) -> None:
            seen.append(event)

    settings = EngineSettings(root, CacheRoot(root / "cache"))
    with Engine(pipeline=live(root, stages), settings=settings, sink=List(), environ={}) as engine:
        with pytest.raises(DefinitionError, match="stage p:b needs 1 gpu"):
            engine.run_once()
        assert seen == []
        assert not (root / ".pivot").exists()


def test_the_run_is_told_of_before_its_stages(root: Path) -> None:
    found = Run(root, [stage("p:a", root, ["in.txt"], ["a"])])
    assert isinstance(found.events[0], RunStarted)


def several(root: Path, **more: Any) -> list[StageDefinition]:
    """Define stages that need nothing of each other."""
    return [stage(f"p:{name}", root, ["in.txt"], [name], **more) for name in "abcd"]


def test_short_stages_are_given_to_workers_ahead_as_soon_as_one_is_known_to_be_short(root: Path) -> None:
    found = Run(root, several(root), jobs=1, ahead=True)
    assert found.runner.beside == {"a": set(), "b": set(), "c": {"b"}, "d": {"c"}}


def test_nothing_is_given_ahead_while_stages_take_long(root: Path) -> None:
    found = Run(root, several(root), jobs=1, ahead=True, a="l")
    assert found.runner.beside == {"a": set(), "b": set(), "c": set(), "d": set()}


def test_nothing_waits_for_a_worker_with_what_others_need(root: Path) -> None:
    found = Run(root, several(root, mutex=("licence",)), jobs=1, ahead=True)
    assert found.runner.beside == {"a": set(), "b": set(), "c": set(), "d": set()}
