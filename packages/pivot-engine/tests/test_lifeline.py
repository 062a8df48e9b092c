"""What is a coordinator's own, and what is ended with it."""

import os
import subprocess
import sys

from pivot.executor.lifeline import others
from pivot.executor.marks import RUN


def test_no_process_is_ended_before_what_it_has_started() -> None:
    mark = f"test.{os.getpid()}"
    started = [_wait_forever(mark), _wait_forever("another"), _wait_forever(mark), _wait_forever(mark)]
    try:
        assert others(mark) == [started[at].pid for at in (3, 2, 0)]
    finally:
        for process in started:
            process.kill()
            process.communicate()


_IN_A_TERMINAL = """
import os
from pivot.executor.lifeline import tie_to

def terminal():
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        return "none"
    return "one"

os.close(os.open(os.ttyname(0), os.O_RDWR))  # the first that a new session opens becomes its own
parent = os.getpid()
if not (child := os.fork()):
    tie_to(parent)
    os.write(1, f"worker: {terminal()}, ".encode())
    os._exit(0)
os.waitpid(child, 0)
os.write(1, f"coordinator: {terminal()}".encode())
"""


def test_a_worker_has_no_terminal_in_front_of_which_it_would_be_stopped() -> None:
    ours, theirs = os.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-c", _IN_A_TERMINAL],
            stdin=theirs,
            stdout=subprocess.PIPE,
            start_new_session=True,
            check=True,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.stdout == b"worker: none, coordinator: one"


def _wait_forever(mark: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", "print('here', flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, RUN: mark},
    )
    assert process.stdout is not None
    # Its variables cannot be seen as soon as it has been started, but when its program runs.
    assert process.stdout.readline() == b"here\n"
    return process
