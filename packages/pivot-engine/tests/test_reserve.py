"""Workers that are forked before they are needed; by a program of its own, for that of the tests has threads."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from engine_fakes import is_alive

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="workers are forked on Linux only")

BEGIN = """
import os, signal, sys, threading
from pivot.engine.reserve import Reserve
reserve = Reserve()
def children():
    return open(f"/proc/self/task/{os.getpid()}/children").read().split()
"""


def lines_of(script: str, **environ: str) -> list[str]:
    """Run a program to its end, and give what it prints."""
    env = {**os.environ, **environ}
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + script], env=env, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_as_many_are_forked_as_there_are_jobs_but_only_once_and_none_is_left() -> None:
    script = """
reserve.call_up(2)
reserve.call_up(3)
print(len(children()))
reserve.close()
print(len(children()))
"""
    assert lines_of(script) == ["2", "0"]


def test_no_more_are_forked_than_a_few() -> None:
    assert lines_of("reserve.call_up(500); print(len(children())); reserve.close()") == ["8"]


def test_a_process_with_threads_forks_none() -> None:
    """A fork copies the locks of other threads, and not the threads that would open them."""
    script = """
stop = threading.Event()
threading.Thread(target=stop.wait).start()
reserve.call_up(2)
print(len(children()))
stop.set()
"""
    assert lines_of(script) == ["0"]


def test_a_process_forks_none_whose_children_could_not_be_found() -> None:
    """Where the variables lay when the program started there must be room for a mark."""
    script = BEGIN + "reserve.call_up(2); print(len(children()))"
    done = subprocess.run(
        [sys.executable, "-c", script], env={"A": "1"}, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "0\n"


def test_those_beyond_what_a_run_can_use_are_ended_when_it_begins() -> None:
    script = """
from pathlib import Path
from pivot.cache import CacheRoot
from pivot.engine import EngineSettings
from pivot.executor.task import TaskOptions
reserve.call_up(3)
options = TaskOptions(EngineSettings(Path("/nowhere"), CacheRoot(Path("/nowhere/cache"))), "r1")
runner = reserve.runner(options, 1, print, dict)
print(len(children()))
runner.close()
reserve.close()
print(len(children()))
"""
    assert lines_of(script) == ["1", "0"]


def test_one_that_has_died_meanwhile_is_not_given_work() -> None:
    script = """
reserve.call_up(2)
first, second = map(int, children())
os.kill(first, signal.SIGKILL)
os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
print(reserve._process({}).pid == second)
reserve.close()
os.kill(second, signal.SIGKILL)
"""
    assert lines_of(script) == ["True"]


def test_they_hold_nothing_of_their_parent_and_end_with_it() -> None:
    """Else a lock of the coordinator's would outlive it, and so would they."""
    script = """
kept = open(sys.executable)
reserve.call_up(2)
print(*children(), flush=True)
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", BEGIN + script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pids = process.stdout.readline().split()
        assert len(pids) == 2
        for pid in pids:
            wait_until(lambda pid=pid: os.path.realpath(sys.executable) not in files_of(pid))
        process.send_signal(signal.SIGKILL)
        for pid in pids:
            wait_until(lambda pid=pid: not is_alive(int(pid)))


def files_of(pid: str) -> set[str]:
    found = set()
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.add(os.readlink(f"/proc/{pid}/fd/{number}"))
        except FileNotFoundError:
            continue
    return found


def wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(3_000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to that")


def test_ctrl_c_reaches_the_parent_only() -> None:
    """It is sent to the group of the terminal: they are in none that their parent is in."""
    script = """
reserve.call_up(2)
print(*(os.getpgid(int(pid)) == int(pid) for pid in children()))
reserve.close()
"""
    assert lines_of(script) == ["True True"]
