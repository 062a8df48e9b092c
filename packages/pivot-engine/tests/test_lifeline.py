"""What is ended with a coordinator."""

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
