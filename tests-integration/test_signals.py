"""Signals that end a run, in each of its phases: the right exit code, nothing left behind, and the next run goes on."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import pytest

from outside import COMMAND, Project, members, state_of, wait_for

PIPELINE = """
import atexit, os, sys, time
from pathlib import Path
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

HERE = Path(__file__).parent

def gate(phase):
    if os.environ.get("PIVOT_HOLD") == phase:
        (HERE.parent / "worker").write_text(str(os.getpid()))
        (HERE.parent / "started").touch()
        while not (HERE.parent / "go").exists():
            time.sleep(0.01)

gate("starting workers" if "PIVOT_WORKERS" in os.environ else "planning")

class Gated(loaders.Text):
    def save(self, data, path):
        super().save(data, path)
        gate("saving")

pipeline = Pipeline("p")

@pipeline.stage
def first() -> Annotated[str, outputs.Out("first.txt", loaders.Text())]:
    gate("between stages")
    return "first"

@pipeline.stage
def second(
    text: Annotated[str, outputs.Dep("first.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("second.txt", Gated())]:
    gate("running")
    atexit.register(gate, "closing")  # the command waits for its workers
    return text + " second"
"""
IMPORTED = """
import time
from pathlib import Path
Path("../started").touch()
while not Path("../go").exists():
    time.sleep(0.01)
"""
PHASES = ("importing", "planning", "starting workers", "running", "saving", "between stages", "closing")
TOLD = {"importing", "planning"}
"""Phases in which nothing has run that could be waited for."""
WORDS = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated (SIGTERM)",
    signal.SIGHUP: "terminated (SIGHUP)",
}


def semaphores() -> set[Path]:
    return set(Path("/dev/shm").glob("sem.*"))


ENDS = [(phase, number) for phase in PHASES for number in (signal.SIGINT, signal.SIGTERM)]
HANGUPS = [("planning", signal.SIGHUP), ("running", signal.SIGHUP)]  # elsewhere as SIGTERM


@pytest.mark.parametrize(("phase", "number"), [*ENDS, *HANGUPS])
def test_what_is_told_to_end_leaves_nothing_and_the_next_run_goes_on(
    project: Project, phase: str, number: signal.Signals
) -> None:
    before = semaphores()
    project.write({"pipeline.py": PIPELINE, "../shadow/click.py": IMPORTED})
    shadow = {"PYTHONPATH": str(project / "../shadow")} if phase == "importing" else {}
    words = ["--json"] if phase == "between stages" else []
    process = project.start("run", "-j", "2", *words, PIVOT_HOLD=phase, **shadow)
    wait_for(project / "../started", process)
    if phase == "between stages":
        fill(process)  # it starts the second once it has told that the first has ended
        (project / "../go").touch()
        wait_for(project / ".pivot/stages/first.lock", process)
    told = end(process, number, once=phase in TOLD)
    assert process.returncode == 128 + number, told
    assert "Traceback" not in told
    assert (project / ".pivot/stages/second.lock").exists() == (phase == "closing")
    if phase in TOLD:
        assert told == f"pivot: error: {WORDS[number]}\n"
    assert members(process.pid) == set()
    assert semaphores() <= before
    project.pivot("run")
    assert project.text("second.txt") == "first second"
    assert not list(project.root.rglob("*.tmp")) + list(project.root.rglob(".pivot-*"))


def fill(process: "subprocess.Popen[str]") -> None:
    """Leave the command no room to write to its stdout until that is read."""
    assert process.stdout is not None
    writing = os.open(f"/proc/self/fd/{process.stdout.fileno()}", os.O_WRONLY | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"\n")
    os.close(writing)


def end(process: "subprocess.Popen[str]", number: signal.Signals, *, once: bool) -> str:
    """Send a signal; Ctrl-C as often as somebody presses it who has no patience. Give what the command told."""
    for _ in range(50):
        process.send_signal(number)
        try:
            return process.communicate(timeout=0.2 if number is signal.SIGINT and not once else 60)[1]
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError("it does not end")


def test_who_has_asked_to_ignore_a_hangup_goes_on(project: Project) -> None:
    project.write({"pipeline.py": PIPELINE})
    process = subprocess.Popen(
        ["nohup", COMMAND, "run"],
        cwd=project.root,
        env=project.environment(PIVOT_HOLD="running"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_for(project / "../started", process)
    process.send_signal(signal.SIGHUP)
    (project / "../go").touch()
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 0, told


def test_who_is_stopped_stops_the_stages_too(project: Project) -> None:
    project.write({"pipeline.py": PIPELINE})
    process = subprocess.Popen(
        [COMMAND, "run"],
        cwd=project.root,
        env=project.environment(PIVOT_HOLD="running"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,  # in this session: who has nobody to continue it cannot be stopped
    )
    wait_for(project / "../started", process)
    worker = int(project.text("../worker"))
    process.send_signal(signal.SIGTSTP)
    wait_for_states(process, worker, "T")
    (project / "../go").touch()
    assert not (project / "second.txt").exists()
    process.send_signal(signal.SIGCONT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert project.text("second.txt") == "first second"


def wait_for_states(process: "subprocess.Popen[str]", worker: int, state: str) -> None:
    while {state_of(process.pid), state_of(worker)} != {state}:
        assert process.poll() is None
