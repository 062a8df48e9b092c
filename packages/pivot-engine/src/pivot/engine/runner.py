"""Where stages run: in this process, or in warm worker processes."""

import os
import re
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from pivot.executor.task import Done, Failure, Outcome, StageTask, TaskOptions

if TYPE_CHECKING:
    from concurrent.futures import Future

    from loky import ProcessPoolExecutor


class Runner(Protocol):
    """Starts stages and hands back what became of them."""

    def room(self) -> int:
        """Count the stages that may be started now."""
        ...

    def start(self, task: StageTask) -> None:
        """Begin a stage; returns at once, or when it is done."""
        ...

    def wait(self) -> Done:
        """Wait until a started stage is done."""
        ...

    def close(self) -> None:
        """Let go of everything, when all started stages are done."""
        ...

    def kill(self) -> None:
        """End what runs, now."""
        ...


Runners = Callable[[TaskOptions, int], Runner]
"""Gives a run its runner, with so many jobs."""


class InlineRunner:
    """Runs one stage at a time in this process: for the few small stages that a pool would cost more than."""

    def __init__(self, run: Callable[[StageTask], Done], close: Callable[[], None]) -> None:
        self._run = run
        self._close = close
        self._done: deque[Done] = deque()

    def room(self) -> int:
        """One, when the last one was fetched."""
        return 0 if self._done else 1

    def start(self, task: StageTask) -> None:
        """Run it."""
        self._done.append(self._run(task))

    def wait(self) -> Done:
        """Hand back the one that ran."""
        return self._done.popleft()

    def close(self) -> None:
        """Let go of what stages have left warm."""
        self._close()

    def kill(self) -> None:
        """Nothing runs: the interrupt that asks for it has already ended the stage."""


class PoolRunner:
    """Runs stages in loky's workers, which stay warm: what a pipeline imports is imported once in each.

    One dead worker breaks the whole pool, and nobody can tell which of the running stages it had. So each of these
    runs again by itself: the one that dies alone is the culprit, the others lose nothing but time.
    """

    def __init__(self, options: TaskOptions, jobs: int) -> None:
        self._options = options
        self._jobs = jobs
        self._pool: ProcessPoolExecutor | None = None
        self._running: dict[Future[bytes], StageTask] = {}
        self._suspects: deque[StageTask] = deque()
        self._done: deque[Done] = deque()

    def serve(self, options: TaskOptions) -> None:
        """Be the runner of another run; its options differ from those before in the run's name only."""
        self._options = options

    def room(self) -> int:
        """Tell how many workers are idle."""
        return 0 if self._suspects or self._done else self._jobs - len(self._running)

    def start(self, task: StageTask) -> None:
        """Hand it to a worker."""
        try:
            self._submit(task, self._jobs)
        except _broken() as error:
            self._mourn([*self._running.values(), task], error)

    def _submit(self, task: StageTask, jobs: int) -> None:
        from pivot.executor.worker import packed_task, run_task

        if self._pool is None:
            self._pool = _pool(self._options, jobs)
        try:
            packed = packed_task(task, self._options.run_id)
        except Exception as error:  # noqa: BLE001  (pickling calls what users wrote)
            self._done.append(_died(task, f"it could not be sent to a worker: {error}"))
            return
        self._running[self._pool.submit(run_task, packed)] = task

    def wait(self) -> Done:
        """Wait for a worker's report."""
        from concurrent.futures import FIRST_COMPLETED, wait

        while not self._done:
            if not self._running:
                self._try_alone(self._suspects.popleft())
                continue
            finished, _ = wait(self._running, return_when=FIRST_COMPLETED)
            self._collect(finished)
        return self._done.popleft()

    def _collect(self, finished: "set[Future[bytes]]") -> None:
        from pivot.executor.worker import report_of

        for future in finished:
            error = future.exception()
            if error is None:
                del self._running[future]
                self._done.append(report_of(future.result()))
            elif isinstance(error, _broken()):
                self._mourn(list(self._running.values()), error)
                return
            else:
                self._done.append(_died(self._running.pop(future), f"it could not be sent to a worker: {error}"))

    def _mourn(self, lost: list[StageTask], error: BaseException) -> None:
        """Deal with a broken pool: a single running stage is the culprit, several are suspects."""
        from pivot.executor.worker import report_of

        for future in [future for future in self._running if future.done() and future.exception() is None]:
            lost.remove(self._running[future])
            self._done.append(report_of(future.result()))
        self._running.clear()
        self.kill()
        if len(lost) == 1 and not self._suspects:
            self._done.append(_died(lost[0], _cause(error)))
        else:
            self._suspects.extend(lost)

    def _try_alone(self, task: StageTask) -> None:
        """Run a suspect in a pool of its own. The pool stays if it survives."""
        from pivot.executor.worker import packed_task, report_of, run_task

        pool = _pool(self._options, 1)
        try:
            self._done.append(report_of(pool.submit(run_task, packed_task(task, self._options.run_id)).result()))
        except _broken() as error:
            self._done.append(_died(task, _cause(error)))
        finally:
            pool.shutdown(wait=True)

    def close(self) -> None:
        """End the workers."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)
            self._pool = None

    def kill(self) -> None:
        """End the workers, whatever they do."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=True)
            self._pool = None


def _pool(options: TaskOptions, jobs: int) -> "ProcessPoolExecutor":
    from loky import ProcessPoolExecutor

    from pivot.executor.worker import prepare

    return ProcessPoolExecutor(max_workers=jobs, initializer=prepare, initargs=(options, os.getpid()))


def _broken() -> type[BaseException]:
    from loky.process_executor import BrokenProcessPool

    broken: type[BaseException] = BrokenProcessPool
    return broken


def _cause(error: BaseException) -> str:
    """Name the signal or the exit code of a dead worker; loky puts them into its message."""
    found = re.search(r"(SIG[A-Z0-9]+|EXIT)\((-?\d+)\)", str(error))
    if found is None:
        return "its worker process died"
    if found[1] == "EXIT":
        return f"its worker process exited with code {found[2]}"
    hint = " (out of memory?)" if found[1] == "SIGKILL" else ""
    return f"its worker process was killed by {found[1]}{hint}"


def _died(task: StageTask, message: str) -> Done:
    return Done(task.stage.ref, Outcome.FAILED, failure=Failure(message))
