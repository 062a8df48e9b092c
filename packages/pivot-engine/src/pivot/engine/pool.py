"""Stages in warm worker processes: what a pipeline imports is imported once in each."""

import math
import os
import signal
import time
from collections import deque
from typing import NamedTuple

from pivot.engine.deaths import Death, OutOfMemory, counters, told
from pivot.engine.events import ProcessLeft, StageWaiting
from pivot.engine.leftovers import end_group, end_leftovers
from pivot.engine.listening import Ears
from pivot.engine.runner import Tell
from pivot.engine.threads import thread_limits
from pivot.engine.workers import Worker
from pivot.executor.marks import RUN
from pivot.executor.observed import Identify
from pivot.executor.settings import usable_cores
from pivot.executor.state import state_of
from pivot.executor.task import Asks, Begins, Cause, Done, Failure, Last, Outcome, StageTask, TaskOptions, Waits
from pivot.registry.types import PipelineName, StageName, StageRef

GRACE = 10.0
"""Seconds between SIGTERM and SIGKILL."""
_LAST_WORDS = 5.0
"""Seconds for an idle worker to end by itself; threads that a stage has left may keep it."""


class _Running(NamedTuple):
    """A task that a worker has."""

    task: StageTask
    since: float
    alone: bool = False
    """Whether it runs for the second time, with no other stage beside it."""
    until: float = math.inf
    """When it is asked to end, or, if it was, killed."""
    asked: bool = False


class PoolRunner:
    """Runs stages in worker processes, each with a pipe of its own: who dies is known, and which stage it had.

    start           to an idle worker, or a new one: never more of them than there was work for at once
    wait
      _attend       take in what a worker reports, and answer what it asks
      _lose         its process ended instead: that stage failed, the others go on
      _limit        end a stage that takes longer than it may
    close, kill
    """

    def __init__(
        self,
        options: TaskOptions,
        jobs: int,
        tell: Tell,
        identify: Identify,
        *,
        grace: float = GRACE,
        memory: OutOfMemory | None = None,
    ) -> None:
        self._options = options
        self._jobs = jobs
        self._tell = tell
        self._identify = identify
        self._mark = f"{os.getpid()}.{time.monotonic_ns()}"
        self._grace = grace
        self._ears = Ears()
        self._memory = memory or OutOfMemory(counters())
        self._idle: list[Worker] = []
        self._leaving: list[Worker] = []
        """Those that will end by themselves."""
        self._busy: dict[Worker, _Running] = {}
        self._again: deque[StageTask] = deque()
        """Those that ran out of memory, and are tried once more when nothing else runs."""
        self._done: deque[Done] = deque()
        self._held = 0.0
        self._had_workers = False
        """Whether there may be processes that stages have left."""

    def serve(self, options: TaskOptions, tell: Tell, identify: Identify) -> None:
        """Be the runner of another run; its options differ from those before in the run's name only."""
        self._options, self._tell, self._identify = options, tell, identify

    def room(self) -> int:
        """Count the stages that may be started now."""
        return 0 if self._done or self._again else self._jobs - len(self._busy)

    def start(self, task: StageTask) -> None:
        """Hand it to a worker."""
        self._start(task, alone=False)

    def _start(self, task: StageTask, *, alone: bool) -> None:
        try:
            worker = self._idle_worker() or self._new_worker()
        except OSError as error:
            self._fail(task, f"no worker process could be started: {error.strerror}", cause=Cause.AROUND)
            return
        try:
            worker.take(task, self._options.run_id)
        except Exception as error:  # noqa: BLE001 - pickling calls what users wrote
            self._idle.append(worker)
            self._fail(task, f"it could not be sent to a worker: {error}", cause=Cause.AROUND)
            return
        self._busy[worker] = _Running(task, time.monotonic(), alone)

    def _idle_worker(self) -> Worker | None:
        """Give the one that was last at work: its memory is warm. One that has ended while idle is no loss."""
        while self._idle:
            worker = self._idle.pop()
            if not worker.is_dead():
                return worker
            self._bury(worker)
        return None

    def _new_worker(self) -> Worker:
        limits = thread_limits(os.environ, self._jobs, usable_cores())
        worker = Worker(self._options, {**limits, RUN: self._mark})
        self._ears.add(worker)
        self._had_workers = True
        return worker

    def wait(self) -> Done:
        """Wait until a stage is done."""
        while not self._done:
            if self._again and not self._busy:
                self._start(self._again.popleft(), alone=True)
                continue
            next_limit = min([running.until for running in self._busy.values()], default=math.inf)
            for worker, has_ended in self._ears.wait(next_limit - time.monotonic()).items():
                self._attend(worker, has_ended)
            if next_limit < math.inf:
                self._limit(time.monotonic())
        return self._done.popleft()

    def _attend(self, worker: Worker, has_ended: bool) -> None:
        for message in worker.inbox.arrived():
            self._heard(worker, worker.unpack(message))
        if has_ended:
            self._lose(worker)
        elif worker.inbox.ended:
            self._ears.mute(worker)

    def _heard(self, worker: Worker, message: Done | Failure | Last | Waits | Begins | Asks) -> None:
        running = self._busy[worker]
        match message:
            case Done() | Failure():
                self._idle.append(worker)
                self._report(worker, message)
            case Waits(ref, owner, path):
                self._tell(StageWaiting(ref, owner, path=path))
            case Asks(names):
                worker.tell(self._identify(running.task.stage.ref.pipeline, names))
            case Begins():
                # Now, not when it got the task: a worker that just starts takes a while to be ready.
                self._busy[worker] = running._replace(until=time.monotonic() + (running.task.timeout or math.inf))
            case Last(report):
                self._leaving.append(worker)
                self._report(worker, report)

    def _report(self, worker: Worker, message: Done | Failure) -> None:
        running = self._busy.pop(worker)
        done = message if isinstance(message, Done) else _failed(running.task, message)
        if running.asked and done.failure is not None:
            done = done._replace(failure=done.failure._replace(message=_timed_out(running.task)))
        self._done.append(done)

    def _lose(self, worker: Worker) -> None:
        """Deal with a worker that has ended: if it had a stage, that failed."""
        running = self._busy.get(worker)
        death = self._bury(worker)
        if running is None:
            return
        end_group(worker.pid)
        seconds = time.monotonic() - running.since
        out_of_memory = self._memory.explains(death)
        if running.asked:
            self._fail(running.task, _timed_out(running.task), seconds)
        elif out_of_memory and not running.alone:
            self._again.append(running.task)
        else:
            alone = ", even alone; give it more memory" if running.alone else ""
            self._fail(running.task, told(death, seconds, out_of_memory=out_of_memory) + alone, seconds)

    def _fail(self, task: StageTask, message: str, seconds: float = 0.0, *, cause: Cause = Cause.STAGE) -> None:
        """Note that a stage failed of which no worker could report."""
        log = state_of(task.stage).log_path(self._options.run_id)
        failure = Failure(message, log=log if os.path.exists(log) and os.path.getsize(log) else "", cause=cause)
        self._done.append(_failed(task, failure)._replace(seconds=seconds))

    def _limit(self, now: float) -> None:
        """Ask those to end that take longer than they may; kill those that were asked long enough ago."""
        for worker, running in self._busy.items():
            if now >= running.until:
                worker.signal(signal.SIGKILL if running.asked else signal.SIGTERM)
                until = math.inf if running.asked else now + self._grace
                self._busy[worker] = running._replace(until=until, asked=True)

    def close(self) -> None:
        """End the workers, which have nothing to do, and tell of what their stages have left behind."""
        for worker in self._all():
            worker.dismiss()
        self._await_ends(_LAST_WORDS)
        if self._had_workers:
            for left in end_leftovers(self._mark, but=[worker.pid for worker in self._all()], patient=True):
                self._tell(ProcessLeft(_ref(left.stage), left.command, left.pid))
        self.kill()

    def kill(self) -> None:
        """End the workers, whatever they do."""
        for worker in self._all():
            worker.signal(signal.SIGTERM)
            worker.signal(signal.SIGCONT)
        try:
            self._await_ends(self._grace)
        finally:  # also when somebody cannot wait that long
            for worker in self._all():
                worker.signal(signal.SIGKILL)
                self._bury(worker)
        if self._had_workers:
            self._had_workers = False
            end_leftovers(self._mark)

    def hold(self) -> None:
        """Stop the workers."""
        self._held = time.monotonic()
        for worker in self._all():
            worker.signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let them go on; the time does not count."""
        pause = time.monotonic() - self._held
        for worker, running in self._busy.items():
            self._busy[worker] = running._replace(since=running.since + pause, until=running.until + pause)
        for worker in self._all():
            worker.signal(signal.SIGCONT)

    def _all(self) -> list[Worker]:
        return [*self._idle, *self._leaving, *self._busy]

    def _await_ends(self, seconds: float) -> None:
        """Bury who ends within so long. What they still say is not heard."""
        end = time.monotonic() + seconds
        while self._all() and (left := end - time.monotonic()) > 0:
            for worker, has_ended in self._ears.wait(left).items():
                if has_ended:
                    self._bury(worker)
                else:
                    self._ears.mute(worker)

    def _bury(self, worker: Worker) -> Death:
        """Let go of a worker that has ended or is about to."""
        self._ears.discard(worker)
        self._busy.pop(worker, None)
        for others in (self._idle, self._leaving):
            if worker in others:
                others.remove(worker)
        return worker.bury()


def _timed_out(task: StageTask) -> str:
    return f"timed out after {task.timeout:g} s"


def _failed(task: StageTask, failure: Failure) -> Done:
    return Done(task.stage.ref, Outcome.FAILED, failure=failure)


def _ref(text: str) -> StageRef | None:
    pipeline, _, stage = text.partition(":")
    return StageRef(PipelineName(pipeline), StageName(stage)) if stage else None
