"""Bring one stage up to date, in whatever process this is."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from pivot.cache import BusyError, Cache, CacheError, ChangedError, FullError, Measured, MissingError, ReadOnlyError
from pivot.executor.artifacts import Cleared, StageError, put_back, restore_incremental, save, store, temporary, tidy
from pivot.executor.assess import Assessment, Assessor
from pivot.executor.capture import Logs
from pivot.executor.core import WorkerStageInfo
from pivot.executor.decide import Restore, Run, Skip
from pivot.executor.edits import Edits, unidentified
from pivot.executor.locking import Waiting
from pivot.executor.memory import Memory, joined
from pivot.executor.observed import Identify, KnownCode, Observer
from pivot.executor.pathlocks import Locks
from pivot.executor.pending import keep, settle
from pivot.executor.raised import LoaderError, make_room, told
from pivot.executor.reasons import Kind, Reason
from pivot.executor.state import StageState, claim, state_of
from pivot.executor.task import Cause, Done, Failure, Outcome, StageTask, TaskOptions, found_in
from pivot.executor.trace import Artifact, Facts, Seen, Trace
from pivot.executor.undoing import Surroundings
from pivot.executor.usage import Meter
from pivot.executor.workspace import Workspace, absolute, absolute_paths, input_paths, output_paths
from pivot.fingerprint.observed import Observed, unforeseen
from pivot.fingerprint.recorder import Recorder
from pivot.registry.definition import StageDefinition
from pivot.registry.errors import LockTimeoutError, PivotError
from pivot.registry.incremental import starting_points
from pivot.registry.permission import remedy

Live = Callable[[StageTask], AbstractContextManager[WorkerStageInfo]]
"""Gives a task's stage, ready to be called while the context is open."""
Around = Callable[[StageTask], AbstractContextManager[None]]
"""Is open while code of the user's runs for a task."""
UNSTORABLE = (BusyError, FullError, ReadOnlyError)
"""What the store raises though nothing is wrong with the outputs."""


class Execution:
    """What a process needs to run stages; made once, used for every stage.

    bring_up_to_date        under the stage's lock
      assess                decide again: another process may have run it meanwhile
      _restore | _run       outputs from the store, or from the function
      _settle               outputs that lie in place, and only have to be stored
      _commit               bytes are stored, then the run-cache entry, then the lock file
    """

    def __init__(
        self,
        options: TaskOptions,
        cache: Cache,
        recorder: Recorder,
        live: Live,
        environ: Mapping[str, str],
        waiting: Waiting,
        identify: Identify,
        around: Around = lambda _: nullcontext(),
        *,
        alone: bool = False,
    ) -> None:
        """`alone`: this process runs nothing but stages."""
        self.options, self.cache, self.recorder, self.live = options, cache, recorder, live
        self.environ, self.waiting, self.identify, self.around = environ, waiting, identify, around
        self.surroundings = Surroundings(alone=alone)
        self._locks = Locks()
        self._logs = Logs()
        self._meter = Meter()
        self._memory = Memory(self.recorder.redefinitions)
        self._edits = Edits(options.code_files)
        self._claimed: set[tuple[str, str]] = set()
        self._measured: dict[str, Measured] = {}
        """What one stage reads another reads too."""

    def renew(self, options: TaskOptions, live: Live) -> None:
        """Serve another run."""
        self.options, self.live = options, live
        self._memory = Memory(self.recorder.redefinitions)
        self._edits = Edits(options.code_files)
        self._claimed.clear()
        self._measured.clear()

    def close(self) -> None:
        """Let go of what is held between stages."""
        self._locks.close()
        self._logs.close()
        self._meter.close()

    def bring_up_to_date(self, task: StageTask) -> Done:
        """Run, restore or skip one stage. What goes wrong in the stage is part of the result, not an exception."""
        started = time.perf_counter()
        self._meter.begin()
        try:
            done = self._guarded(task)
        except LockTimeoutError as error:
            done = _failed(task, Failure(_said(error), cause=Cause.LOCK))
        except PivotError as error:
            done = _failed(task, Failure(_said(error), cause=Cause.AROUND))
        except StageError as error:
            done = _failed(task, Failure(str(error)))
        except ChangedError as error:
            done = _failed(task, Failure(_said(error), cause=Cause.AROUND))
        except CacheError as error:
            message = f"its outputs could not be stored or restored: {_said(error)}"
            done = _failed(task, Failure(message, cause=_cause(error)))
        except OSError as error:
            message = f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
            if isinstance(error, PermissionError) and (command := remedy(str(error.filename))):
                message += f" (give the permission: {command})"
            done = _failed(task, Failure(message, cause=Cause.AROUND))
        if done.failure is not None:
            done = done._replace(edited=not self._edits.loaded(task.stage))
        seconds, usage, began = time.perf_counter() - started, self._meter.read(), self._locks.waited_until
        if began is not None:  # what others did until then is not what this stage takes
            seconds, usage = seconds - (began - usage.began), usage._replace(began=began)
        return done._replace(seconds=seconds, usage=usage)

    def _guarded(self, task: StageTask) -> Done:
        self._claim(task.stage)
        state = state_of(task.stage)
        with self._locks.of(task.stage, state, task.reads, self.options.settings, self.waiting):
            workspace = Workspace(self.cache, measured=self._measured)
            observer = self._observer(workspace, task)
            use = not self.options.no_cache
            assessor = Assessor(self.cache, workspace, observer, lambda _: task.manifest, use_run_cache=use)
            assessment = assessor.assess(task.stage, force=task.force)
            decision = assessment.decision
            if isinstance(decision, Skip):
                tidy(task.stage, state, decision.trace, self.cache, self.options.run_id)
                found = None if decision.trace is None else found_in(decision.trace)
                return Done(task.stage.ref, Outcome.SKIPPED, found=found)
            if isinstance(decision, Restore):
                try:
                    return self._restore(task, state, decision, assessment.before, workspace)
                except MissingError:
                    # It was there a moment ago: removed, or found to be damaged while it was copied.
                    decision = Run(decision.reasons)
                    return self._run(task, state, assessor, observer, assessment._replace(decision=decision))
            return self._run(task, state, assessor, observer, assessment)

    def _claim(self, stage: StageDefinition) -> None:
        owner = str(stage.state_dir), stage.ref.pipeline
        if owner not in self._claimed:
            claim(stage)
            self._claimed.add(owner)

    def _observer(self, workspace: Workspace, task: StageTask) -> Observer:
        """In a worker, code can only be what the coordinator says it is: with the task, or when it is asked.

        It is asked while the stage's locks are held. To leave it to the coordinator to identify code, and to commit,
        when the worker has reported is one message less, but then another run may get the locks in between, and run
        the stage again.
        """
        root, pipeline = self.options.settings.project_root, task.stage.ref.pipeline
        code = KnownCode(lambda names: self.identify(pipeline, names), task.code)
        return Observer(root, workspace, self.environ, code, self.options.outputs)

    def _restore(
        self, task: StageTask, state: StageState, decision: Restore, before: Trace | None, workspace: Workspace
    ) -> Done:
        stage, trash = task.stage, state.trash(self.options.run_id)
        for path, artifact in decision.outs.items():
            full = absolute(stage.root, path)
            here = workspace.content(full)
            if here != artifact:
                put_back(full, here, artifact, self.cache, trash)
        trace = Trace(decision.facts, decision.outs, task.manifest)
        if not self.options.no_commit:
            state.record(trace)
            state.forget_pending()
        tidy(stage, state, before, self.cache, self.options.run_id)
        return Done(stage.ref, Outcome.RESTORED, reasons=decision.reasons, found=found_in(trace))

    def _settle(self, task: StageTask, state: StageState, assessor: Assessor, decision: Run) -> Done | None:
        """Store what an earlier run computed and could not store, if it did."""
        if task.force or task.stage.identity.unknown or self.options.no_commit:
            return None
        try:
            trace = settle(task.stage, state, assessor, self.cache)
            if trace is None:
                return None
            _commit(task.stage, state, trace, assessor)
        except UNSTORABLE as error:
            return _unstored(task, error, decision, kept=True)
        state.forget_pending()
        return Done(task.stage.ref, Outcome.RESTORED, reasons=decision.reasons, found=found_in(trace))

    def _run(
        self, task: StageTask, state: StageState, assessor: Assessor, observer: Observer, assessment: Assessment
    ) -> Done:
        stage = task.stage
        assert isinstance(assessment.decision, Run)
        missing = [path for path, artifact in assessment.facts.deps.items() if artifact is None]
        if missing:
            return _failed(task, Failure(f"input {missing[0]} does not exist", cause=Cause.AROUND), assessment.decision)
        if state.is_pending:
            settled = self._settle(task, state, assessor, assessment.decision)
            if settled is not None:
                return settled
            state.forget_pending()
        log, declared = state.log_path(self.options.run_id), _declared(stage, self.options.settings.project_root)
        anew = restore_incremental(stage, state, assessment.before, self.cache, self.options.run_id)
        reasons = [Reason(Kind.ANEW, path) for path in anew]
        decision = Run((*reasons, *assessment.decision.reasons))
        try:
            known = _unchanged(stage, assessment.before, assessor)
            with Cleared(stage, state, known, self.cache, self.options.run_id):
                observed = self._call(task, log, observer, declared)
                seen = joined(observer.first(observed), self._memory.inherited(task.manifest, declared))
                self._check(stage, assessment.facts, assessor.workspace, seen)
                outs, refused = ({}, None) if self.options.no_commit else self._store(stage)
        except UserCodeError as error:
            return _failed(task, error.failure(log), decision)._replace(asked=error.asked)
        except StageError as error:
            return _failed(task, Failure(str(error), log=_existing(log)), decision)
        uncovered = unforeseen(observed, task.manifest)
        identified = self._edits.none(stage) if uncovered else self._edits.loaded(stage)
        if uncovered:
            seen = seen._replace(code=observer.code(uncovered))
        trace = Trace(Facts(*assessment.facts[:-1], observed=seen), outs, task.manifest)
        if refused is not None:
            return self._keep(task, refused, decision, trace if identified else None)
        if not identified:
            trace = unidentified(trace)
        if not self.options.no_commit:
            try:
                _commit(stage, state, trace, assessor, first=assessment.before is None)
            except UNSTORABLE as error:
                return self._keep(task, error, decision, trace if identified else None)
        return Done(
            stage.ref,
            Outcome.RAN,
            reasons=decision.reasons,
            found=found_in(trace),
            undeclared=tuple(sorted(seen.files)),
            unchanged=assessment.before is not None and outs == assessment.before.outs,
        )

    def _store(self, stage: StageDefinition) -> tuple[dict[str, Artifact], Exception | None]:
        """Store the outputs, or say why that cannot be: no reason to throw away what was computed."""
        try:
            return store(stage, self.cache), None
        except (*UNSTORABLE, OSError) as error:
            return {}, error

    def _keep(self, task: StageTask, refused: Exception, decision: Run, trace: Trace | None) -> Done:
        """Leave the outputs where they are; the next run stores them, if anybody knows what they were made from."""
        if trace is not None:
            keep(task.stage, trace.facts, trace.manifest, self.cache)
        return _unstored(task, refused, decision, kept=trace is not None)

    def _call(self, task: StageTask, log: str, observer: Observer, declared: Sequence[str]) -> Observed:
        """Load the arguments, call the function, save what it returns: in the stage's directory, and observed.

        Loaders are the user's code too, and what a function returns may read only when it is saved.
        """
        stage = task.stage
        with self.live(task) as info, self._logs.captured(log), self.surroundings.of_a_stage(str(stage.root)):
            self._edits.loaded(stage)
            with self._observing(task, observer, declared) as observed:
                try:
                    with self.around(task):
                        result = info["func"](**_arguments(stage, info))
                    # After that block: with it ends a child that the function forked, and did not end itself.
                    # It saves nothing.
                    save(stage, info, result, self.recorder.unrecorded)
                except (StageError, PivotError):
                    raise
                except BaseException as error:  # noqa: BLE001 - a stage may raise anything, `sys.exit` included
                    raise UserCodeError(error, observed) from None
            return observed()

    @contextmanager
    def _observing(
        self, task: StageTask, observer: Observer, declared: Sequence[str]
    ) -> Iterator[Callable[[], Observed]]:
        """Record what the block uses; the function that is given tells what of it the stage does not declare."""
        root = self.options.settings.project_root
        if self.options.settings.observe == "off":
            yield Observed
            return
        before = self._memory.look(task.manifest)
        try:
            with self.recorder.recording(root, _FLOOR) as recording:
                yield lambda: recording.observed(declared)
        finally:
            self._memory.remember(before, task.manifest, recording, observer.first)

    def _check(self, stage: StageDefinition, facts: Facts, workspace: Workspace, seen: Seen) -> None:
        """Refuse a result that cannot be trusted: its inputs changed meanwhile, or it read what it may not."""
        for path, full in zip(facts.deps, absolute_paths(stage.root, facts.deps), strict=True):
            if (now := workspace.again(full)) != facts.deps[path]:
                raise StageError(f"its input {path} {'vanished' if now is None else 'changed'} while it ran")
        if self.options.settings.observe == "strict" and seen.files:
            raise StageError(f"it read {min(seen.files)}, which it does not declare (observe: strict)")


_FLOOR = globals()
"""Where `_call` is found, and whatever it calls of this module: the user's code is above."""


def _commit(
    stage: StageDefinition, state: StageState, trace: Trace, assessor: Assessor, *, first: bool = False
) -> None:
    """Make a run count: first its run-cache entry, then its lock file. `first`: it has none that could be read."""
    assessor.run_cache.remember(stage, trace)
    state.record(trace, first=first)


class UserCodeError(Exception):
    """Something that the user wrote raised: the function, a loader, a validator."""

    def __init__(self, cause: BaseException, observed: Callable[[], Observed]) -> None:
        super().__init__(type(cause).__name__)  # not its text: to make that may fail
        self.cause = cause
        make_room(cause)
        seen = observed()
        self.asked = tuple(sorted({*seen.files, *seen.directories, *seen.present, *seen.missing}))
        """What it had read or looked for without declaring it: what may mend it."""

    def failure(self, log: str) -> Failure:
        """Tell it with the user's own frames only."""
        return Failure(*told(self.cause), _existing(log))


def _existing(log: str) -> str:
    return log if os.path.exists(log) and os.path.getsize(log) else ""


def _unchanged(stage: StageDefinition, before: Trace | None, assessor: Assessor) -> set[str]:
    """Name the outputs that are as the last run has made them."""
    made = {} if before is None else before.outs
    return {
        path for path, artifact in made.items() if assessor.workspace.content(absolute(stage.root, path)) == artifact
    }


def _said(error: Exception) -> str:
    """Say it in one line, for that is what a stage has among many; what to do about it is a sentence of its own."""
    return "; ".join(map(str.strip, str(error).replace("\n  hint: ", ". ").splitlines()))


def _cause(error: Exception) -> Cause:
    return Cause.LOCK if isinstance(error, BusyError) else Cause.AROUND


def _failed(task: StageTask, failure: Failure, decision: Run | None = None) -> Done:
    reasons = () if decision is None else decision.reasons
    return Done(task.stage.ref, Outcome.FAILED, reasons=reasons, failure=failure)


def _unstored(task: StageTask, refused: Exception, decision: Run, *, kept: bool) -> Done:
    message = f"its outputs could not be stored: {_said(refused)}"
    if kept:
        message += "; they are kept in place, and the next run stores them without running it again"
    return _failed(task, Failure(message, cause=_cause(refused)), decision)


def _declared(stage: StageDefinition, project_root: Path) -> list[str]:
    """Spell the declared paths as observed ones are: relative to the project."""
    below = f"{project_root}/"
    inputs = input_paths(stage)
    full = absolute_paths(stage.root, [*inputs, *output_paths(stage)])
    full += map(temporary, full[len(inputs) :])
    return [path[len(below) :] if path.startswith(below) else os.path.relpath(path, project_root) for path in full]


def _arguments(stage: StageDefinition, info: WorkerStageInfo) -> dict[str, Any]:
    arguments = {item.arg: _load(info, item.arg, item.paths, item.many) for item in stage.inputs}
    if info["params_arg"] is not None and info["params"] is not None:
        arguments[info["params_arg"]] = info["params"]
    if info["incremental"]:
        arguments.update(starting_points(info["incremental"], info["outs"], info["defaults"], Path()))
    return arguments


def _load(info: WorkerStageInfo, arg: str, paths: tuple[str, ...], many: bool) -> Any:
    loader = info["deps"][arg].loader
    values = []
    for path in paths:
        try:
            values.append(loader.load(Path(path)))
        except (StageError, PivotError):
            raise
        except BaseException as error:
            raise LoaderError(f"its input {path} could not be loaded") from error
    return values if many else values[0]
