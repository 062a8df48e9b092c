"""Why a worker ended, for people."""

import signal
from pathlib import Path

import pytest

from pivot.engine.deaths import Death, OutOfMemory, counters, told

GIB = 1 << 30


@pytest.mark.parametrize(
    ("code", "peak", "seconds", "out_of_memory", "expected"),
    [
        (-9, int(11.8 * GIB), 41.3, True, "worker killed by SIGKILL after 41 s, peak memory 11.8 GiB (out of memory)"),
        (-11, 3 << 20, 0.24, False, "worker killed by SIGSEGV after 0.2 s, peak memory 3.0 MiB"),
        (-40, None, 2, False, "worker killed by signal 40 after 2.0 s"),
        (0, None, 2, False, "it ended its worker process itself, with exit code 0, after 2.0 s"),
    ],
)
def test_a_death_is_told_in_one_line(
    code: int, peak: int | None, seconds: float, out_of_memory: bool, expected: str
) -> None:
    assert told(Death(code, peak), seconds, out_of_memory=out_of_memory) == expected


KILLED = Death(-signal.SIGKILL, None)


def test_a_kill_that_the_kernel_counted_explains_one_death(tmp_path: Path) -> None:
    counter = tmp_path / "memory.events"
    counter.write_text("max 7\noom_kill 3\n")
    memory = OutOfMemory([tmp_path / "there is none", counter])
    assert not memory.explains(KILLED)
    counter.write_text("max 7\noom_kill 4\n")
    assert not memory.explains(Death(-signal.SIGSEGV, None))
    assert memory.explains(KILLED)
    assert not memory.explains(KILLED)


def test_where_nobody_counts_nothing_is_explained(tmp_path: Path) -> None:
    (tmp_path / "odd").write_text("oom 1\n")
    assert not OutOfMemory([tmp_path / "odd"]).explains(KILLED)


def test_the_machine_is_asked_last() -> None:
    assert counters()[-1] == Path("/proc/vmstat")
