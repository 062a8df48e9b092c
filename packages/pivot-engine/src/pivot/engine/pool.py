"""Stages in warm worker processes: what a pipeline imports is imported once in each."""

import math
import os
import signal
import time
from collections import deque
from typing import NamedTuple

from pivot.engine.deaths import Death, OutOfMemory, counters, told
from pivot.engine.events import ProcessLeft, StageStarted, StageWaiting
from pivot.engine.leftovers import end_group, end_leftovers
from pivot.engine.listening import Ears
from pivot.engine.processes import Start, start
from pivot.engine.runner import Over, Tell, started
from pivot.engine.threads import thread_limits
from pivot.engine.workers import Worker
from pivot.executor.marks import RUN
from pivot.executor.observed import Identify
from pivot.executor.settings import usable_cores
from pivot.executor.state import state_of
from pivot.executor.task import Asks, Begins, Cause, Done, Ended, Failure, Outcome, StageTask, TaskOptions, Waits
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
    slow: bool = False
    """Whether the task behind it was taken back."""

    @property
    def may_be_followed(self) -> bool:
        """Whether its worker can be given a task ahead. What ends a task that took too long is not to hit another."""
        return not self.alone and not self.slow and self.task.timeout is None


class PoolRunner:
    """Runs stages in worker processes, each with a pipe of its own: who dies is known, and which stage it had.

    start
      _hand_out     to an idle worker, or a new one: never more of them than there was work for at once; when all are
                    busy, ahead: to one that has a stage, and begins this one by itself when it is done
    wait
      _attend       take in what a worker reports, and answer what it asks
      _relieve      it has nothing to do: it gets what another was given ahead
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
        start: Start = start,
    ) -> None:
        self._options = options
        self._jobs = jobs
        self._tell = tell
        self._identify = identify
        self._mark = f"{os.getpid()}.{time.monotonic_ns()}"
        self._grace = grace
        self._start = start
        self._ears = Ears()
        self._memory = memory or OutOfMemory(counters())
        self._idle: list[Worker] = []
        self._leaving: list[Worker] = []
        """Those that will end by themselves."""
        self._busy: dict[Worker, _Running] = {}
        self._ahead: dict[Worker, StageTask] = {}
        """What busy workers were given ahead."""
        self._waiting: deque[StageTask] = deque()
        """Those that no worker has, or none any more."""
        self._again: deque[StageTask] = deque()
        """Those that ran out of memory, or whose worker could not run them: tried once more when nothing else runs."""
        self._over: deque[Over] = deque()
        self._held = 0.0
        self._had_workers = False
        """Whether there may be processes that stages have left."""

    def serve(self, options: TaskOptions, tell: Tell, identify: Identify) -> None:
        """Be the runner of another run; its options differ in its name, and in what code was identified from."""
        self._options, self._tell, self._identify = options, tell, identify

    def room(self, *, ahead: bool) -> int:
        """Count the stages that workers can take: each one, and `ahead` another."""
        taken = len(self._busy) + len(self._ahead) + len(self._waiting)
        return 0 if self._over or self._again else self._jobs * (1 + ahead) - taken

    def start(self, task: StageTask) -> None:
        """Hand it to a worker, as soon as one can take it."""
        self._waiting.append(task)
        self._hand_out()

    def _hand_out(self) -> None:
        while self._waiting:
            if len(self._busy) < self._jobs:
                self._begin(self._waiting.popleft())
            elif not self._put_ahead():
                break

    def _begin(self, task: StageTask, *, alone: bool = False) -> None:
        if not alone:
            self._tell(started(task))
        try:
            worker = self._idle_worker() or self._new_worker()
        except OSError as error:
            self._fail(task, f"no worker process could be started: {error.strerror}", cause=Cause.AROUND)
            return
        self._busy[worker] = _Running(task, time.monotonic(), alone)  # from here on it can be stopped and killed
        try:
            worker.take(task, self._options)
        except Exception as error:  # noqa: BLE001 - pickling calls what users wrote
            del self._busy[worker]
            self._idle.append(worker)
            self._fail(task, f"it could not be sent to a worker: {error}", cause=Cause.AROUND)

    def _put_ahead(self) -> bool:
        """Give the first that waits to the busy worker that may be done first; False: none can take it now."""
        task = self._waiting[0]
        if task.info is not None:  # what cannot be packed is found out when a worker is free
            return False
        for worker, running in self._busy.items():
            if running.may_be_followed and worker not in self._ahead:
                self._ahead[worker] = task  # from here on it can be held back
                if worker.take_ahead(task, self._options):
                    self._waiting.popleft()
                    return True
                del self._ahead[worker]
        return False

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
        worker = Worker(self._options, {**limits, RUN: self._mark}, self._start)
        self._ears.add(worker)
        self._had_workers = True
        return worker

    def wait(self) -> Over:
        """Wait until a stage is done."""
        while not self._over:
            self._hand_out()
            if self._again and not self._busy:
                self._begin(self._again.popleft(), alone=True)
                continue
            next_limit = min([running.until for running in self._busy.values()], default=math.inf)
            for worker, has_ended in self._ears.wait(next_limit - time.monotonic()).items():
                self._attend(worker, has_ended)
            if next_limit < math.inf:
                self._limit(time.monotonic())
        return self._over.popleft()

    def _attend(self, worker: Worker, has_ended: bool) -> None:
        for message in worker.inbox.arrived():
            self._heard(worker, worker.unpack(message))
        if has_ended:
            self._lose(worker)
        elif worker.inbox.ended:
            self._ears.mute(worker)

    def _heard(self, worker: Worker, message: Ended | Waits | Begins | Asks) -> None:
        running = self._busy[worker]
        match message:
            case Ended():
                self._reported(worker, message)
            case Waits(ref, owner, path):
                self._tell(StageWaiting(ref, owner, path=path))
            case Asks(names):
                worker.answer(self._identify(running.task.stage.ref.pipeline, names))
            case Begins():
                # Now, not when it got the task: a worker that just starts takes a while to be ready.
                self._busy[worker] = running._replace(until=time.monotonic() + (running.task.timeout or math.inf))

    def _reported(self, worker: Worker, ended: Ended) -> None:
        running, follows = self._busy.pop(worker), self._ahead.pop(worker, None)
        begun: tuple[StageStarted, ...] = ()
        if ended.goes_on:
            assert follows is not None, "a worker goes on with what it was given ahead"
            self._busy[worker] = _Running(follows, time.monotonic())
            begun = (started(follows),)
        else:
            if follows is not None:
                worker.take_back()
                self._waiting.appendleft(follows)
            (self._leaving if ended.leaves else self._idle).append(worker)
            self._relieve()
        if isinstance(ended.report, Failure) and not running.alone:
            self._again.append(running.task)  # an earlier stage may have done something to that worker
            return
        done = ended.report if isinstance(ended.report, Done) else _failed(running.task, ended.report)
        if running.asked and done.failure is not None:
            done = done._replace(failure=done.failure._replace(message=_timed_out(running.task)))
        self._over.append(Over(done, begun))

    def _relieve(self) -> None:
        """Take back one task that a worker was given ahead, if none waits: there is a place where it can begin."""
        for worker in [] if self._waiting else list(self._ahead):
            if self._take_back(worker):
                break

    def _take_back(self, worker: Worker) -> bool:
        """Take back what a worker was given ahead, if it has not begun. It gets no other: its pipe still holds this."""
        if taken := worker.take_back():
            self._waiting.append(self._ahead.pop(worker))
            self._busy[worker] = self._busy[worker]._replace(slow=True)
        return taken

    def _lose(self, worker: Worker) -> None:
        """Deal with a worker that has ended: if it had a stage, that failed."""
        running = self._busy.get(worker)
        if worker in self._ahead:
            self._waiting.appendleft(self._ahead.pop(worker))
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
            alone = ", even alone; give it more memory" if running.alone and out_of_memory else ""
            self._fail(running.task, told(death, seconds, out_of_memory=out_of_memory) + alone, seconds)

    def _fail(self, task: StageTask, message: str, seconds: float = 0.0, *, cause: Cause = Cause.STAGE) -> None:
        """Note that a stage failed of which no worker could report."""
        log = state_of(task.stage).log_path(self._options.run_id)
        failure = Failure(message, log=log if os.path.exists(log) and os.path.getsize(log) else "", cause=cause)
        self._over.append(Over(_failed(task, failure)._replace(seconds=seconds)))

    def _limit(self, now: float) -> None:
        """Ask those to end that take longer than they may; kill those that were asked long enough ago."""
        for worker, running in self._busy.items():
            if now >= running.until:
                worker.signal(signal.SIGKILL if running.asked else signal.SIGTERM)
                until = math.inf if running.asked else now + self._grace
                self._busy[worker] = running._replace(until=until, asked=True)

    def hold_back(self) -> None:
        """Let no worker begin what it was given ahead."""
        for worker in tuple(self._ahead):
            worker.take_back()

    def take_back(self) -> list[StageRef]:
        """Name those that wait, or were given ahead and have not begun."""
        for worker in list(self._ahead):
            self._take_back(worker)
        refs = [task.stage.ref for task in self._waiting]
        self._waiting.clear()
        return refs

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
