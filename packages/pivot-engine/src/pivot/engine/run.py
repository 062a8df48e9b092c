"""The run loop: decide, start what is ready, reap one, repeat."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pivot.engine.demand import Pace, check_resources, retries_of, seconds_of_all, timeout_of
from pivot.engine.events import (
    Interrupted,
    RunFinished,
    Sink,
    StageFinished,
    StageRetried,
    StageStarted,
)
from pivot.engine.gitignore import ignore_outputs
from pivot.engine.graph import Graph
from pivot.engine.interrupts import Interrupt, Stop, interruptible
from pivot.engine.journal import new_run_id
from pivot.engine.keeping import register
from pivot.engine.plan import GOOD, Plan
from pivot.engine.runner import Runner, Runners, Tell
from pivot.engine.session import PipelineSession
from pivot.engine.sessions import Sessions
from pivot.engine.telling import Teller, run_started
from pivot.executor.decide import Skip
from pivot.executor.observed import Identify
from pivot.executor.settings import EngineSettings, RunOptions, usable_cores
from pivot.executor.state import thrown_by
from pivot.executor.task import Cause, Done, Outcome, StageTask, TaskOptions
from pivot.executor.trace import Facts, Trace
from pivot.registry.definition import StageDefinition
from pivot.registry.types import PipelineName, StageRef


class RunResult(NamedTuple):
    """What became of every selected stage."""

    run_id: str
    done: Mapping[StageRef, Done]
    seconds: float
    interrupted: bool = False
    tried: Mapping[StageRef, Facts] = {}
    """Of the stages that were not up to date: what their results depend on, as it was when they ran."""
    trash: Sequence[Path] = ()
    """Where that is which the run has replaced and nobody else may have."""

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many stages had each outcome."""
        return dict(Counter(done.outcome for done in self.done.values()))

    @property
    def failures(self) -> list[Done]:
        """The stages that failed, in the order in which they did."""
        return [done for done in self.done.values() if done.outcome is Outcome.FAILED]

    @property
    def locked_out(self) -> bool:
        """Whether stages failed, and all that did because another process held a lock for too long."""
        failures = [done.failure for done in self.failures if done.failure is not None]
        return bool(failures) and all(failure.cause is Cause.LOCK for failure in failures)

    @property
    def ok(self) -> bool:
        """Whether everything that was selected is up to date now."""
        return all(done.outcome in GOOD for done in self.done.values())


class RunLoop:
    """One run.

    run
      _foresee          what is certified, and what may have to run: only that is planned
      _plan             in which order, and what there is for it
      _skip             the rest is up to date
      _start_ready      decide each stage whose needs are met: up to date, or a task for the runner
      _try_again        a stage that failed, if it has tries left
      _reap             take one report: note, tell
      _finish           sources, journals
    """

    def __init__(
        self,
        graph: Graph,
        sessions: Sessions,
        settings: EngineSettings,
        options: RunOptions,
        sinks: Sequence[Sink],
        runners: Runners | None = None,
    ) -> None:
        self._graph = graph
        self._sessions = sessions
        self._settings = settings
        self._options = options
        self._run_id = new_run_id()
        self._started = time.perf_counter()
        self._teller = Teller(graph, sinks, settings.keep_runs)
        self._emit = self._teller.emit
        self._runners = runners
        self._tried: dict[StageRef, Facts] = {}
        self._done: dict[StageRef, Done] = {}
        self._tasks: dict[StageRef, StageTask] = {}
        self._fresh: set[StageRef] = set()
        self._forced: frozenset[StageRef] = frozenset()
        self._failed: dict[StageRef, int] = {}
        """How many tries of a stage have failed that is tried again."""
        self._pace = Pace()
        self._runner: Runner | None = None
        self._finishing = False
        self._likely: set[StageRef] = set()

    def run(self, selected: Sequence[StageRef], forced: frozenset[StageRef]) -> RunResult:
        """Bring the selected stages up to date."""
        self._forced = forced
        self._foresee(selected)
        plan = self._plan([ref for ref in selected if ref in self._likely])
        self._emit(run_started(self._run_id, selected, self._settings, self._options))
        with interruptible(self._interrupted, Stop(lambda: self._runner)) as interrupt:
            with self._ending():
                self._skip(ref for ref in selected if ref not in self._likely)
                self._loop(plan, interrupt)
            for ref, outcome in plan.left().items():
                self._tell(Done(ref, outcome))
            result = self._finish(interrupted=interrupt.asked)
        return result._replace(interrupted=interrupt.asked)

    def _plan(self, likely: Sequence[StageRef]) -> Plan:
        """Raises DefinitionError when a stage that may have to run needs more than there is."""
        there = {**self._settings.resources, **self._options.resources}
        totals = check_resources(map(self._graph.stages.__getitem__, likely), there)
        seconds = seconds_of_all(likely, lambda ref: self._sessions[ref.pipeline].took(ref))
        return Plan(self._graph, likely, keep_going=self._options.keep_going, seconds=seconds, totals=totals)

    def _skip(self, certified: Iterable[StageRef]) -> None:
        """Tell of stages that are up to date, with all that they need."""
        for ref in certified:
            self._tell(Done(ref, Outcome.SKIPPED))

    def _loop(self, plan: Plan, interrupt: Interrupt) -> None:
        while plan.unfinished:
            if interrupt.asked:
                plan.stop()
            if plan.stopped:
                self._take_back(plan)
            else:
                self._start_ready(plan, interrupt)
            if plan.running:
                assert self._runner is not None
                over = self._runner.wait()
                if self._may_go_better(over.done) and not plan.stopped and not interrupt.asked:
                    self._try_again(plan, *over)
                else:
                    self._reap(plan, *over)

    def _start_ready(self, plan: Plan, interrupt: Interrupt) -> None:
        """Decide stages until the runner is full. A stage that is up to date makes others ready, so the end moves."""
        # What a stage needs that others need too it has from here on: it may not have it while it waits for a worker.
        ahead = not plan.demanding
        while self._room(ahead=ahead) and not interrupt.asked and (ref := plan.next_ready()) is not None:
            if not self._room(ahead=False) and not self._pace.is_short(self._sessions[ref.pipeline].took(ref)):
                plan.again(ref)  # one that becomes ready meanwhile may be more urgent
                break
            done = self._decide(ref)
            if done is not None:
                plan.finish(ref, done.outcome)
                self._tell(done)
            else:
                plan.start(ref)
                self._need_runner().start(self._tasks[ref])

    def _room(self, *, ahead: bool) -> bool:
        return self._runner is None or self._runner.room(ahead=ahead) > 0

    def _take_back(self, plan: Plan) -> None:
        """Let no stage begin that has not begun."""
        if self._runner is not None:
            for ref in self._runner.take_back():
                plan.again(ref)

    def _decide(self, ref: StageRef) -> Done | None:
        """Find the stage up to date, or prepare its task."""
        stage, session = self._graph.stages[ref], self._sessions[ref.pipeline]
        if ref in self._fresh and not self._moved(ref):
            return Done(ref, Outcome.SKIPPED)
        if not session.has_record(stage):  # a worker looks again: another run may have made one meanwhile
            self._prepare(stage, session, session.facts(stage), None)
            return None
        looked = time.time_ns()
        # Nor is anybody asked here for an equal run.
        facts, before, decision = session.assess(stage, force=ref in self._forced, recall=False)
        if not isinstance(decision, Skip) or session.is_unfinished(stage):
            self._prepare(stage, session, facts, before)
            return None
        if before is not None:
            session.certify(stage, before, looked)
        return Done(ref, Outcome.SKIPPED)

    def _moved(self, ref: StageRef) -> bool:
        """Tell whether anything that the stage reads was found stale, and so may be other than when this run began.

        Even if it was then skipped: another run may have made it meanwhile, or its report was lost with a pool.
        """
        return bool(self._tasks) and any(need in self._tasks for need in self._graph.needs[ref])

    def _prepare(self, stage: StageDefinition, session: PipelineSession, facts: Facts, before: Trace | None) -> None:
        """Make the task of a stage that is to run, under these facts."""
        self._tried[stage.ref] = facts
        self._tasks[stage.ref] = self._task(stage, session, session.manifest_for(stage, before))

    def _task(self, stage: StageDefinition, session: PipelineSession, manifest: Mapping[str, str]) -> StageTask:
        info = None if stage.origin is not None else self._sessions.live_info(stage, self._task_options())
        timeout = timeout_of(stage, self._options, self._settings)
        force, reads = stage.ref in self._forced, self._reads(stage.ref)
        attempt = self._failed.get(stage.ref, 0) + 1
        return StageTask(stage, manifest, session.code.known, force, info, timeout, reads, attempt)

    def _reads(self, ref: StageRef) -> tuple[str, ...]:
        """Give one output of each stage that a stage needs, for its locks."""
        from pivot.executor.pathlocks import names_to_read  # an up-to-date run takes no locks

        makers = map(self._graph.writes.__getitem__, self._graph.needs[ref])
        return names_to_read(makers, self._settings.project_root)

    def _may_go_better(self, done: Done) -> bool:
        """Tell whether the stage itself failed, and has tries left."""
        again = done.failure is not None and done.failure.cause is Cause.STAGE
        return again and self._failed.get(done.ref, 0) < retries_of(
            self._graph.stages[done.ref], self._options, self._settings
        )

    def _try_again(self, plan: Plan, done: Done, begun: Iterable[StageStarted]) -> None:
        """Let a stage that failed have its turn once more; it is looked at anew, as it was before its first try."""
        ref, stage = done.ref, self._graph.stages[done.ref]
        attempt = self._failed[ref] = self._failed.get(ref, 0) + 1
        self._sessions.workspace.forget(self._graph.writes[ref])
        plan.again(ref)
        self._emit(StageRetried(done, attempt, retries_of(stage, self._options, self._settings) + 1), *begun)

    def _reap(self, plan: Plan, done: Done, begun: Iterable[StageStarted]) -> None:
        ref = done.ref
        if ref in self._failed:
            done = _with_attempts(done, self._failed[ref] + 1)
        session, workspace = self._sessions[ref.pipeline], self._sessions.workspace
        if (found := done.found) is not None:
            facts = self._tried[ref]
            self._tried[ref] = facts._replace(code=found.code, deps=found.deps, observed=found.observed)
        if done.outcome in GOOD:
            workspace.forget(self._graph.writes[ref])
            if found is not None:
                workspace.note(self._graph.stages[ref].root, found.outs)
        if done.outcome in (Outcome.RAN, Outcome.RESTORED):
            session.note_manifest(self._graph.stages[ref], self._tasks[ref].manifest)
        if done.outcome is Outcome.RAN:
            session.note_ran(ref, done.seconds)
            self._pace.note(done.seconds)
        if done.outcome is not Outcome.SKIPPED:
            session.note_written(ref)
        plan.finish(ref, done.outcome)
        self._tell(done, *begun)

    def _identify(self, pipeline: PipelineName, names: Sequence[str]) -> Mapping[str, str]:
        return self._sessions[pipeline].code(names)

    def _foresee(self, selected: Sequence[StageRef]) -> None:
        """Find the stages that are certified, and so those that may have to run."""
        stale = [ref for ref in selected if ref in self._forced or not self._is_fresh(ref)]
        self._fresh = set(selected).difference(stale)
        self._likely = self._graph.downstream(stale, selected)

    def _is_fresh(self, ref: StageRef) -> bool:
        return self._sessions[ref.pipeline].is_fresh(self._graph.stages[ref])

    def _need_runner(self) -> Runner:
        """Have workers when the first stage must run."""
        if self._runner is None:
            self._register()
            self._ignore_outputs()
            jobs = self._options.jobs or self._settings.jobs or usable_cores()
            runners = self._runners or _pool
            width = max(1, min(jobs, self._width()))
            self._runner = runners(self._task_options(), width, self._emit, self._identify)
        return self._runner

    def _register(self) -> None:
        """Tell the store whose outputs these are, before there are any."""
        if not self._options.no_commit:
            state_dirs = {ref.pipeline: stage.state_dir for ref, stage in self._graph.stages.items()}
            register(self._sessions.shared.cache, self._settings.project_root, state_dirs.values())

    def _ignore_outputs(self) -> None:
        """Tell git before anything is made: a run that is killed has told it too."""
        if not self._options.no_commit:
            ignore_outputs((self._graph.stages[ref] for ref in self._likely), self._settings.project_root)

    def _width(self) -> int:
        """Estimate how many of the likely stages can run side by side: the most at one distance from the start."""
        depth: dict[StageRef, int] = {}
        for ref in self._graph.order(self._likely):
            depth[ref] = 1 + max((depth[need] for need in self._graph.needs[ref] if need in depth), default=0)
        return max(Counter(depth.values()).values(), default=1)

    def _task_options(self) -> TaskOptions:
        shared = self._sessions.shared
        options = self._options
        return TaskOptions(
            self._settings, self._run_id, options.no_cache, options.no_commit, shared.outputs, self._sessions.code_files
        )

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """Let the workers end by themselves, or kill them when something is wrong."""
        try:
            yield
            if self._runner is not None:
                self._runner.close()
        except BaseException:
            if self._runner is not None:
                self._runner.kill()
            self._teller.close()
            raise

    def _tell(self, done: Done, *begun: StageStarted) -> None:
        """Tell how a stage ended, and what has begun in its place."""
        self._done[done.ref] = done
        self._emit(StageFinished(done), *begun)

    def _interrupted(self) -> None:
        if not self._finishing:  # then nothing is left to wait for, and the journals may be closed
            if self._runner is not None:
                self._runner.hold_back()
            self._emit(Interrupted(self._teller.running))

    def _finish(self, *, interrupted: bool) -> RunResult:
        self._finishing = True
        seconds = time.perf_counter() - self._started
        trash = thrown_by(self._run_id, sorted({self._graph.stages[ref].state_dir for ref in self._tasks}))
        result = RunResult(self._run_id, self._done, seconds, interrupted, self._tried, trash)
        changed = [done for done in self._done.values() if done.outcome in (Outcome.RAN, Outcome.RESTORED)]
        if changed and not self._options.no_commit:
            self._keep_sources(changed)
            self._sessions.shared.cache.sync()
        failed = tuple(done.ref for done in result.failures)
        self._emit(RunFinished(self._run_id, result.counts, result.seconds, interrupted, failed))
        self._teller.close()
        return result

    def _keep_sources(self, changed: Sequence[Done]) -> None:
        """Keep the sources of what ran, so that a later change can be shown."""
        codes: dict[PipelineName, set[str]] = {}
        for done in changed:
            codes.setdefault(done.ref.pipeline, set()).update(self._tasks[done.ref].manifest.values())
        for pipeline, hashes in codes.items():
            self._sessions[pipeline].keep_sources(hashes)


def _pool(options: TaskOptions, jobs: int, tell: Tell, identify: Identify) -> Runner:
    """Give a run workers of its own; imported here, for most runs need none."""
    from pivot.engine.pool import PoolRunner

    return PoolRunner(options, jobs, tell, identify)


def _with_attempts(done: Done, attempts: int) -> Done:
    if done.failure is None:
        return done._replace(attempts=attempts)
    message = f"failed {attempts} times; the last time: {done.failure.message}"
    return done._replace(attempts=attempts, failure=done.failure._replace(message=message))
