"""What a stage takes of the machine."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pivot.executor.usage import Meter

MIB = 1 << 20
RESETS = pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="this system cannot reset the peak of a process"
)


def alone(body: str, directory: Path) -> int:
    """Measure in a process of its own: the memory of this one, and of what other tests started, is part of it."""
    code = f"import subprocess, sys\nfrom pivot.executor.usage import Meter\nmeter = Meter()\nmeter.begin()\n{body}"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=directory)
    return int(done.stdout)


def burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_processor_time_is_that_of_the_block_only() -> None:
    burn(0.3)
    meter = Meter()
    meter.begin()
    burn(0.05)
    used = meter.read()
    assert 0.05 <= used.cpu < 0.3
    assert used.worker == os.getpid()


def test_processor_time_of_a_child_counts() -> None:
    meter = Meter()
    meter.begin()
    code = "import time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert meter.read().cpu >= 0.2


def test_memory_that_was_given_back_meanwhile_counts() -> None:
    meter = Meter()
    meter.begin()
    block = bytearray(b"x") * (64 * MIB)
    del block
    assert (meter.read().memory or 0) >= 64 * MIB


@RESETS
def test_the_peak_of_an_earlier_stage_does_not_count(tmp_path: Path) -> None:
    greedy, told = f"bytearray(b'x') * {256 * MIB}\n", "print(meter.read().memory)"
    assert alone(f"{greedy}{told}", tmp_path) >= 256 * MIB
    assert alone(f"{greedy}meter.begin()\n{told}", tmp_path) < 256 * MIB
    modest = f"bytearray(b'x') * {128 * MIB}\n"
    assert 128 * MIB <= alone(f"{greedy}meter.begin()\n{modest}{told}", tmp_path) < 256 * MIB


@RESETS
def test_what_a_process_held_before_it_became_this_program_does_not_count(tmp_path: Path) -> None:
    become = "import os, sys\nbytearray(b'x') * {size}\nos.execv(sys.executable, [sys.executable, '-c', sys.argv[1]])"
    told = "from pivot.executor.usage import Meter\nmeter = Meter()\nmeter.begin()\nprint(meter.read().memory)"
    command = [sys.executable, "-c", become.format(size=256 * MIB), told]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path)
    assert int(done.stdout) < 256 * MIB


def test_the_memory_of_a_child_counts_if_it_is_the_biggest_so_far(tmp_path: Path) -> None:
    child = f"[sys.executable, '-c', 'bytearray([1]) * {256 * MIB}']"
    body = f"subprocess.run({child}, check=True)\nprint(meter.read().memory)"
    assert alone(body, tmp_path) >= 256 * MIB
