"""Signals that end a run, in each of its phases: the right exit code, nothing left behind, and the next run goes on."""

import signal
import subprocess
from pathlib import Path

import pytest

from outside import COMMAND, Project, members, state_of, wait_for

PIPELINE = """
import os, sys, time
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

gate("starting workers" if any("pivot.executor" in word for word in sys.orig_argv) else "planning")

class Gated(loaders.Text):
    def save(self, data, path):
        super().save(data, path)
        gate("saving")

pipeline = Pipeline("p")

@pipeline.stage
def first() -> Annotated[str, outputs.Out("first.txt", loaders.Text())]:
    return "first"

@pipeline.stage
def second(
    text: Annotated[str, outputs.Dep("first.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("second.txt", Gated())]:
    gate("running")
    return text + " second"
"""
PHASES = {
    "planning": "../started",
    "starting workers": "../started",
    "running": "../started",
    "saving": "../started",
    "between stages": ".pivot/stages/first.lock",
}


def semaphores() -> set[Path]:
    return set(Path("/dev/shm").glob("sem.*"))


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_is_told_to_end_leaves_nothing_and_the_next_run_goes_on(
    project: Project, phase: str, number: signal.Signals
) -> None:
    before = semaphores()
    project.write({"pipeline.py": PIPELINE})
    process = project.start("run", "-j", "2", PIVOT_HOLD=phase)
    wait_for(project / PHASES[phase], process)
    end(process, number)
    assert process.returncode in {128 + number, -number} | ({0} if phase == "between stages" else set())
    assert members(process.pid) == set()
    assert semaphores() <= before
    project.pivot("run")
    assert project.text("second.txt") == "first second"
    assert not list(project.root.rglob("*.tmp")) + list(project.root.rglob(".pivot-*"))


def end(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    """Send a signal; Ctrl-C as often as somebody presses it who has no patience."""
    for _ in range(50):
        process.send_signal(number)
        try:
            process.communicate(timeout=0.2)
            break
        except subprocess.TimeoutExpired:
            if number is not signal.SIGINT:
                process.communicate(timeout=60)
                break


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
