"""Runs that are killed at any instant: the next run succeeds, and gives what a clean one gives."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from outside import Project

KILLS = 200 if os.environ.get("PIVOT_FAULTS") == "all" else 12

PIPELINE = """
from pathlib import Path
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline
import helper

pipeline = Pipeline("p")

@pipeline.stage
def head(
    text: Annotated[str, outputs.Dep("in.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("head.txt", loaders.Text())]:
    return helper.mark(text) * 20_000

@pipeline.stage
def parts(
    text: Annotated[str, outputs.Dep("head.txt", loaders.Text())],
) -> Annotated[dict[str, str], outputs.DirectoryOut("parts/", loaders.Text())]:
    return {f"{n}.txt": f"{n}:{len(text)}:{helper.mark(text[:30])}" for n in range(20)}
"""
OTHER = """
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("q")

@pipeline.stage
def tail(
    text: Annotated[str, outputs.Dep("../head.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("tail.txt", loaders.Text())]:
    return text[-50:].upper()
"""


def outputs_of(project: Project) -> dict[str, str]:
    """Read everything that the stages made."""
    made = [project / "head.txt", project / "q/tail.txt", *sorted((project / "parts").rglob("*"))]
    return {str(path.relative_to(project.root)): path.read_text() for path in made if path.is_file()}


def expected(text: str, mark: str) -> dict[str, str]:
    """Compute what the stages make, without pivot."""
    head = (text + mark) * 20_000
    parts = {f"parts/{n}.txt": f"{n}:{len(head)}:{head[:30] + mark}" for n in range(20)}
    return {"head.txt": head, "q/tail.txt": head[-50:].upper(), **parts}


def litter(project: Project) -> list[Path]:
    """Find what only an unfinished run has: temporary files, outputs moved aside."""
    own = [path for path in project.root.rglob("*") if path.name.endswith(".tmp") or path.name.startswith(".pivot-")]
    inflight = [path for folder in project.root.rglob("inflight") for path in folder.iterdir()]
    return own + inflight


def kill_after(project: Project, seconds: float) -> None:
    """Start a run and kill its whole group."""
    running = project.start("run", "--all", "-j", "2")
    try:
        running.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()


@pytest.mark.parametrize("seed", range(2))
def test_after_a_kill_at_any_instant_the_next_run_gives_what_a_clean_one_gives(project: Project, seed: int) -> None:
    choose = random.Random(seed)
    project.write({"pipeline.py": PIPELINE, "q/pipeline.py": OTHER, "in.txt": "text", "helper.py": ""})
    project.write({"helper.py": "def mark(text):\n    return text + '0'\n"})
    began = time.monotonic()
    project.pivot("run", "--all")
    usual = time.monotonic() - began
    for turn in range(1, KILLS // 2 + 1):
        text, mark = f"text {seed} {turn}", f"m{turn}"
        project.write({"in.txt": text, "helper.py": f"def mark(text):\n    return text + '{mark}'\n"})
        kill_after(project, choose.uniform(0, usual))
        project.pivot("run", "--all")
        assert outputs_of(project) == expected(text, mark), f"turn {turn}"
        assert litter(project) == [], f"turn {turn}"
