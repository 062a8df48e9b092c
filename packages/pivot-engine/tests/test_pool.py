"""Workers that die, take too long, or cannot be had: through real processes."""

import atexit
import importlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from engine_fakes import identified, is_alive, live, stage, tasks_of

from pivot.cache import CacheRoot
from pivot.engine import EngineSettings, Event, Outcome
from pivot.engine.deaths import OutOfMemory
from pivot.engine.events import ProcessLeft
from pivot.engine.pool import PoolRunner
from pivot.engine.processes import Process, start
from pivot.executor.task import Done, StageTask, TaskOptions


def silent(_event: Event) -> None:
    pass


@contextmanager
def pool_of(root: Path, jobs: int = 1, **more: object) -> Iterator[PoolRunner]:
    runner = PoolRunner(options_of(root), jobs, silent, identified, **more)  # type: ignore[arg-type]
    try:
        yield runner
    finally:
        runner.kill()


def options_of(root: Path) -> TaskOptions:
    return TaskOptions(EngineSettings(root, CacheRoot(root / "cache"), observe="off"), "r1")


def task(root: Path, function: Callable[[], object], name: str = "one", timeout: float | None = None) -> StageTask:
    pipeline = live(root, [stage(f"p:{name}", root, (), [f"{name}.txt"], code=name)], **{name: function})
    return tasks_of(pipeline, options_of(root))[0]._replace(timeout=timeout)


def told(done: Done) -> str:
    assert done.outcome is Outcome.FAILED
    assert done.failure is not None
    return done.failure.message


def note_process(name: str) -> Callable[[], object]:
    return lambda: Path(f"{name}.txt").write_text(str(os.getpid()))


def dies_by(number: int) -> Callable[[], object]:
    return lambda: os.kill(os.getpid(), number)


def test_a_worker_that_is_just_given_its_task_is_stopped_with_the_others(tmp_path: Path) -> None:
    class Pressed:
        """Ctrl-Z comes while the task is packed."""

        def __reduce__(self) -> tuple[object, ...]:
            pool.hold()
            stopped.extend(filter(is_stopped, pids))
            pool.go_on()
            return str, ("packed",)

    def noting(environ: Mapping[str, str]) -> Process:
        process = start(environ)
        pids.append(process.pid)
        return process

    pressed, pids, stopped = Pressed(), list[int](), list[int]()
    with pool_of(tmp_path, start=noting) as pool:
        pool.start(task(tmp_path, lambda: Path("one.txt").write_text(str(pressed))))
        assert pool.wait().done.outcome is Outcome.RAN
    assert stopped == pids != []


def is_stopped(pid: int) -> bool:
    """Look some time, for a signal takes some."""
    told = (os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) for _ in range(100_000))
    return any(each is not None for each in told)


def test_who_dies_is_known_and_the_others_go_on(tmp_path: Path) -> None:
    def outlives() -> None:
        while Path("dead.txt").exists():
            time.sleep(0.01)
        Path("other.txt").write_text("")

    (tmp_path / "dead.txt").write_text("not yet")
    with pool_of(tmp_path, 2) as pool:
        pool.start(task(tmp_path, outlives, "other"))
        pool.start(task(tmp_path, dies_by(signal.SIGKILL), "one"))
        first = pool.wait().done
        assert first.ref.stage == "one"
        assert told(first).startswith("worker killed by SIGKILL after")
        assert "peak memory" in told(first)
        (tmp_path / "dead.txt").unlink()
        second = pool.wait().done
    assert (second.ref.stage, second.outcome) == ("other", Outcome.RAN)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT])
def test_a_dead_worker_is_replaced(tmp_path: Path, number: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with pool_of(tmp_path) as pool:
        pool.start(task(tmp_path, dies_by(number)))
        assert signal.Signals(number).name in told(pool.wait().done)
        pool.start(task(tmp_path, note_process("two"), "two"))
        assert pool.wait().done.outcome is Outcome.RAN


def test_a_stage_that_ends_its_process_has_failed_with_whatever_code(tmp_path: Path) -> None:
    def ends() -> None:
        Path("one.txt").touch()
        os._exit(0)

    with pool_of(tmp_path) as pool:
        pool.start(task(tmp_path, ends))
        assert "exit code 0" in told(pool.wait().done)


def test_what_it_had_printed_is_told_of(tmp_path: Path) -> None:
    def prints() -> None:
        print("so far", flush=True)
        os._exit(3)

    with pool_of(tmp_path) as pool:
        pool.start(task(tmp_path, prints))
        failure = pool.wait().done.failure
    assert failure is not None
    assert Path(failure.log).read_text() == "so far\n"


def test_workers_are_kept_and_there_are_no_more_than_work(tmp_path: Path) -> None:
    with pool_of(tmp_path, 2) as pool:
        for name in ("one", "two"):
            pool.start(task(tmp_path, note_process(name), name))
            assert pool.wait().done.outcome is Outcome.RAN
        assert pool.room(ahead=False) == 2
    assert (tmp_path / "one.txt").read_text() == (tmp_path / "two.txt").read_text()


def test_a_worker_that_dies_idle_is_no_loss(tmp_path: Path) -> None:
    with pool_of(tmp_path) as pool:
        pool.start(task(tmp_path, note_process("one")))
        pool.wait()
        os.kill(int((tmp_path / "one.txt").read_text()), signal.SIGKILL)
        os.waitid(os.P_PID, int((tmp_path / "one.txt").read_text()), os.WEXITED | os.WNOWAIT)
        pool.start(task(tmp_path, note_process("two"), "two"))
        assert pool.wait().done.outcome is Outcome.RAN


def waits() -> None:
    print("before", flush=True)
    time.sleep(600)


def waits_stubbornly() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)


@pytest.mark.parametrize("function", [waits, waits_stubbornly])
def test_a_stage_that_takes_too_long_is_ended(tmp_path: Path, function: Callable[[], object]) -> None:
    with pool_of(tmp_path, grace=0.1) as pool:
        pool.start(task(tmp_path, function, timeout=0.2))
        assert told(pool.wait().done) == "timed out after 0.2 s"
        pool.start(task(tmp_path, note_process("two"), "two"))
        assert pool.wait().done.outcome is Outcome.RAN


def test_the_log_of_a_stage_that_took_too_long_shows_where_it_was(tmp_path: Path) -> None:
    with pool_of(tmp_path) as pool:
        pool.start(task(tmp_path, waits, timeout=0.5))
        failure = pool.wait().done.failure
    assert failure is not None
    log = Path(failure.log).read_text()
    assert log.startswith("before\n")
    assert "in waits" in log


def test_who_runs_out_of_memory_is_tried_once_more_alone(tmp_path: Path) -> None:
    """The kernel's counter is a file of ours here, which the stage itself counts up."""
    counter = tmp_path / "memory.events"
    counter.write_text("oom_kill 0\n")

    def exhausts() -> None:
        kills = int(counter.read_text().split()[1]) + 1
        counter.write_text(f"oom_kill {kills}\n")
        os.kill(os.getpid(), signal.SIGKILL)

    with pool_of(tmp_path, 2, memory=OutOfMemory([counter])) as pool:
        pool.start(task(tmp_path, exhausts))
        message = told(pool.wait().done)
    assert counter.read_text() == "oom_kill 2\n"
    assert "out of memory" in message
    assert "alone" in message


def test_what_cannot_be_sent_fails_and_nothing_else(tmp_path: Path) -> None:
    lock = threading.Lock()
    with pool_of(tmp_path) as pool:
        pool.start(task(tmp_path, lambda: lock.locked()))
        assert "could not be sent to a worker" in told(pool.wait().done)
        pool.start(task(tmp_path, note_process("two"), "two"))
        assert pool.wait().done.outcome is Outcome.RAN


class Refuses:
    """Packs, and does not unpack."""

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return int, ("no number",)


def test_what_cannot_be_unpacked_fails_and_the_worker_stays(tmp_path: Path) -> None:
    refuses = Refuses()
    with pool_of(tmp_path) as pool:
        pool.start(task(tmp_path, lambda: refuses))
        assert "no number" in told(pool.wait().done)
        pool.start(task(tmp_path, note_process("two"), "two"))
        assert pool.wait().done.outcome is Outcome.RAN


def test_where_no_process_can_be_started_the_stage_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no python"))
    with pool_of(tmp_path) as pool:
        pool.start(task(tmp_path, note_process("one")))
        assert "no worker process could be started" in told(pool.wait().done)


def test_killed_workers_are_gone_with_what_they_have_started(tmp_path: Path) -> None:
    def starts() -> None:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            Path("started.txt").write_text(str(os.getpid()))
            time.sleep(600)
            os._exit(0)
        time.sleep(600)

    with pool_of(tmp_path, grace=0.1) as pool:
        pool.start(task(tmp_path, starts))
        while not (tmp_path / "started.txt").exists() or not (tmp_path / "started.txt").read_text():
            time.sleep(0.01)
        pool.kill()
        child = int((tmp_path / "started.txt").read_text())
        while is_alive(child):
            time.sleep(0.01)


def starts_daemon() -> None:
    Path("one.txt").touch()
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    Path("child.txt").write_text(str(child.pid))


def forks_daemon() -> None:
    Path("one.txt").touch()
    child = os.fork()
    if child == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
        os._exit(0)
    Path("child.txt").write_text(str(child))


@pytest.mark.parametrize(("function", "ref"), [(starts_daemon, "p:one"), (forks_daemon, "None")])
def test_a_process_that_a_stage_leaves_behind_is_ended_and_told_of(
    tmp_path: Path, function: Callable[[], object], ref: str
) -> None:
    events: list[Event] = []
    pool = PoolRunner(options_of(tmp_path), 1, events.append, identified)
    pool.start(task(tmp_path, function))
    assert pool.wait().done.outcome is Outcome.RAN
    pool.close()
    child = int((tmp_path / "child.txt").read_text())
    (left,) = [event for event in events if isinstance(event, ProcessLeft)]
    assert (str(left.ref), left.pid) == (ref, child)
    while is_alive(child):
        time.sleep(0.01)


def test_it_is_ended_too_when_the_worker_died_before_the_run_was_over(tmp_path: Path) -> None:
    events: list[Event] = []
    pool = PoolRunner(options_of(tmp_path), 1, events.append, identified)
    for each in (task(tmp_path, starts_daemon), task(tmp_path, dies_by(signal.SIGKILL), "two")):
        pool.start(each)
        pool.wait()
    pool.close()
    assert [str(event.ref) for event in events if isinstance(event, ProcessLeft)] == ["p:one"]


def test_a_pool_of_processes_that_a_library_keeps_is_ended_by_it(tmp_path: Path) -> None:
    def computes() -> None:
        from loky import get_reusable_executor

        Path("one.txt").write_text(str(get_reusable_executor(max_workers=1).submit(abs, -1).result()))

    events: list[Event] = []
    pool = PoolRunner(options_of(tmp_path), 1, events.append, identified)
    pool.start(task(tmp_path, computes))
    assert pool.wait().done.outcome is Outcome.RAN
    pool.close()
    assert not [event for event in events if isinstance(event, ProcessLeft)]


def test_threads_that_a_stage_leaves_do_not_keep_its_worker(tmp_path: Path) -> None:
    def leaves() -> None:
        Path("one.txt").touch()
        threading.Thread(target=time.sleep, args=(600,)).start()

    with pool_of(tmp_path) as pool:
        pool.start(task(tmp_path, leaves))
        assert pool.wait().done.outcome is Outcome.RAN
        pool.close()


def test_nor_does_a_pool_of_threads_that_is_at_work(tmp_path: Path) -> None:
    def leaves() -> None:
        Path("one.txt").touch()
        ThreadPoolExecutor(1).submit(time.sleep, 600)
        atexit.register((tmp_path / "ended by itself").touch)

    with pool_of(tmp_path) as pool:
        pool.start(task(tmp_path, leaves))
        assert pool.wait().done.outcome is Outcome.RAN
        pool.close()
    assert (tmp_path / "ended by itself").exists()


def test_a_worker_that_dies_before_its_code_is_identified_has_recorded_nothing(tmp_path: Path) -> None:
    def uses_plugin() -> None:
        sys.path.insert(0, os.getcwd())
        importlib.import_module("plugin_of_p")
        Path("one.txt").write_text(str(os.getpid()))

    def kill(_pipeline: str, names: Sequence[str]) -> dict[str, str]:
        os.kill(int((tmp_path / "one.txt").read_text()), signal.SIGKILL)
        return dict.fromkeys(names, "seen" * 100_000)  # more than a pipe holds: nobody waits until it is read

    (tmp_path / "plugin_of_p.py").write_text("")
    options = TaskOptions(EngineSettings(tmp_path, CacheRoot(tmp_path / "cache")), "r1")
    pipeline = live(tmp_path, [stage("p:one", tmp_path, (), ["one.txt"])], one=uses_plugin)
    pool = PoolRunner(options, 1, silent, kill)
    pool.start(tasks_of(pipeline, options)[0])
    assert told(pool.wait().done).startswith("worker killed by SIGKILL")
    assert not (tmp_path / ".pivot/stages").exists()
    pool.kill()


def test_workers_have_the_interpreters_flags(tmp_path: Path) -> None:
    def tells() -> None:
        Path("one.txt").write_text(f"{sys.flags.optimize} {sys.flags.safe_path}")

    with pool_of(tmp_path) as pool:
        pool.start(task(tmp_path, tells))
        pool.wait()
    assert (tmp_path / "one.txt").read_text() == f"{sys.flags.optimize} {sys.flags.safe_path}"


def unpacked_where(is_fine: Callable[[], bool]) -> Callable[[], object]:
    """Give a function of a stage that only some workers can unpack."""

    def unpack() -> None:
        if not is_fine():
            raise RuntimeError("not in this worker")

    class Part:
        def __reduce__(self) -> tuple[Callable[[], object], tuple[()]]:
            return unpack, ()

    part = Part()

    def runs() -> None:
        Path("two.txt").write_text(f"{os.getpid()} {part}")

    return runs


def test_what_a_worker_cannot_run_is_run_by_another(tmp_path: Path) -> None:
    def spoils() -> None:
        sys.spoilt = True  # type: ignore[attr-defined]
        Path("one.txt").write_text(str(os.getpid()))

    with pool_of(tmp_path) as pool:
        pool.start(task(tmp_path, spoils))
        pool.start(task(tmp_path, unpacked_where(lambda: not hasattr(sys, "spoilt")), "two"))
        assert [pool.wait().done.outcome for _ in range(2)] == [Outcome.RAN, Outcome.RAN]
    assert (tmp_path / "two.txt").read_text() != f"{(tmp_path / 'one.txt').read_text()} None"


def test_what_no_worker_can_run_has_failed(tmp_path: Path) -> None:
    with pool_of(tmp_path) as pool:
        pool.start(task(tmp_path, unpacked_where(lambda: False), "two"))
        assert told(pool.wait().done) == "its worker could not run it: RuntimeError: not in this worker"
        pool.start(task(tmp_path, note_process("one"), "one"))
        assert pool.wait().done.outcome is Outcome.RAN
