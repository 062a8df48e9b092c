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
    code = f"import subprocess, sys\nfrom pivot.executor.usage import Meter\n{body}"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=directory)
    return int(done.stdout)


def burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_processor_time_is_that_of_the_block_only() -> None:
    burn(0.3)
    meter = Meter()
    burn(0.05)
    used = meter.read()
    assert 0.05 <= used.cpu < 0.3
    assert used.worker == os.getpid()


def test_processor_time_of_a_child_counts() -> None:
    meter = Meter()
    code = "import time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert meter.read().cpu >= 0.2


def test_memory_that_was_given_back_meanwhile_counts() -> None:
    meter = Meter()
    block = bytearray(b"x") * (64 * MIB)
    del block
    assert (meter.read().memory or 0) >= 64 * MIB


@RESETS
def test_the_peak_of_an_earlier_stage_does_not_count(tmp_path: Path) -> None:
    greedy = f"bytearray(b'x') * {256 * MIB}\nprint({{}})"
    assert alone(f"meter = Meter()\n{greedy.format('meter.read().memory')}", tmp_path) >= 256 * MIB
    assert alone(greedy.format("Meter().read().memory"), tmp_path) < 256 * MIB


def test_the_memory_of_a_child_counts_if_it_is_the_biggest_so_far(tmp_path: Path) -> None:
    child = f"[sys.executable, '-c', 'bytearray([1]) * {256 * MIB}']"
    body = f"meter = Meter()\nsubprocess.run({child}, check=True)\nprint(meter.read().memory)"
    assert alone(body, tmp_path) >= 256 * MIB
