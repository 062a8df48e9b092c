"""What the processes that run stages are to their stages, seen from outside."""

import os

from outside import Project

THREADS = """
import os
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("p")

def one() -> Annotated[str, outputs.Out("one.txt", loaders.Text())]:
    return os.environ.get("OMP_NUM_THREADS", "none")

def all() -> Annotated[str, outputs.Out("all.txt", loaders.Text())]:
    return str(len(dict(os.environ)))

def none() -> Annotated[str, outputs.Out("none.txt", loaders.Text())]:
    return "none"

for stage in (one, all, none):
    pipeline.register(stage)
"""


def test_workers_share_the_cores_and_how_many_there_are_makes_nothing_stale(project: Project) -> None:
    project.write({"pipeline.py": THREADS})
    assert project.ran("-j", "3") == {"p:one", "p:all", "p:none"}
    assert project.text("one.txt") == str(max(1, len(os.sched_getaffinity(0)) // 3))
    assert project.outcomes("-j", "1") == {}
    assert project.stale() == {}
    assert project.ran("-j", "2", OMP_NUM_THREADS="5") == {"p:one", "p:all"}
    assert project.text("one.txt") == "5"


FLAGS = """
import sys
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("p")

@pipeline.stage
def flags() -> Annotated[str, outputs.Out("flags.txt", loaders.Text())]:
    return f"{sys.flags.optimize} {sys.flags.utf8_mode} {sys.warnoptions}"
"""


def test_workers_have_the_flags_of_the_interpreter(project: Project) -> None:
    project.write({"pipeline.py": FLAGS})
    project.pivot("run", PYTHONOPTIMIZE="2", PYTHONWARNINGS="error::UserWarning")
    assert project.text("flags.txt") == "2 0 ['error::UserWarning']"
    project.python("-O", "-X", "utf8", "-W", "ignore", "-m", "pivot.cli", "run", "--force")
    assert project.text("flags.txt") == "1 1 ['ignore']"
