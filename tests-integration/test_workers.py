"""What the processes that run stages are to their stages, seen from outside."""

import os

from outside import Project, has_ended

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


FORKED = """
import os, random, sys
from pathlib import Path
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("p")
os.environ["ADDED"] = "by the pipeline"
os.environ.pop("REMOVED", None)
sys.path.append("/added")
HERE = Path("/proc/self/cmdline").read_text()
RANDOM = random.random()

@pipeline.stage
def one() -> Annotated[dict, outputs.Out("one.json", loaders.JSON())]:
    main = sys.modules["__main__"]
    return {
        "forked": "-c" not in HERE.split(chr(0)),
        "environ": {name: os.environ.get(name) for name in ("ADDED", "REMOVED", "GIVEN")},
        "path": sys.path[-1],
        "main": getattr(main, "__file__", None),
        "group": os.getpgrp() == os.getpid(),
        "stdin": os.readlink("/proc/self/fd/0"),
        "random": RANDOM,
    }

@pipeline.stage
def two() -> Annotated[dict, outputs.Out("two.json", loaders.JSON())]:
    return {"random": RANDOM}
"""

THREADED = """
import threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
from pivot.cli.main import main
main()
"""


def test_a_worker_that_was_forked_is_like_one_that_was_started(project: Project) -> None:
    """A command that has threads forks none."""
    project.write({"pipeline.py": FORKED})
    project.pivot("run", "-j", "2", GIVEN="once", REMOVED="never seen")
    first = project.json("one.json")
    project.python("-c", THREADED, "run", "-j", "2", "--force", GIVEN="once", REMOVED="never seen")
    second = project.json("one.json")
    assert (first.pop("forked"), second.pop("forked")) == (True, False)
    assert first.pop("random") != second.pop("random")
    assert first == second
    assert first["environ"] == {"ADDED": "by the pipeline", "REMOVED": None, "GIVEN": "once"}


def test_forked_workers_do_not_share_their_random_numbers(project: Project) -> None:
    project.write({"pipeline.py": FORKED + SLOW})
    project.pivot("run", "-j", "2")
    assert project.json("one.json")["forked"]
    assert project.text("pid_a.txt") != project.text("pid_b.txt"), "both workers had a stage"
    assert project.text("a.txt") != project.text("b.txt")


SLOW = """

def meet(mine, other):
    Path(mine).write_text(str(os.getpid()))
    while not Path(other).exists():
        pass
    return str(RANDOM)

@pipeline.stage
def a() -> Annotated[str, outputs.Out("a.txt", loaders.Text())]:
    return meet("pid_a.txt", "pid_b.txt")

@pipeline.stage
def b() -> Annotated[str, outputs.Out("b.txt", loaders.Text())]:
    return meet("pid_b.txt", "pid_a.txt")
"""


DAEMON = """
import os, time
from pathlib import Path
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("p")

@pipeline.stage
def leaves() -> Annotated[str, outputs.Out("leaves.txt", loaders.Text())]:
    if not (child := os.fork()):
        os.setsid()
        if os.fork():
            os._exit(0)
        os.closerange(0, 100)
        (Path("daemon.pid.new")).write_text(str(os.getpid()))
        os.rename("daemon.pid.new", "daemon.pid")
        while True:
            time.sleep(1)
    os.waitpid(child, 0)
    while not Path("daemon.pid").exists():
        time.sleep(0.01)
    return Path("/proc/self/cmdline").read_text()

@pipeline.stage
def other() -> Annotated[str, outputs.Out("other.txt", loaders.Text())]:
    return ""
"""


def test_a_daemon_that_a_forked_worker_has_forked_is_found_and_ended(project: Project) -> None:
    project.write({"pipeline.py": DAEMON})
    done = project.pivot("run", "-j", "2")
    assert "-c" not in project.text("leaves.txt").split("\0"), "the worker was forked"
    assert project.text("daemon.pid") in done.err
    assert has_ended(int(project.text("daemon.pid")))
