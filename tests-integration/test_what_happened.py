"""What happened in runs, asked afterwards and meanwhile: journals, `pivot log`, `pivot logs`."""

import itertools
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from outside import Project, wait_for

WANTED = "delays:train@LGA"
CHAIN = ["ingest:unpack", "ingest:clean", "delays:clean", WANTED]


@pytest.fixture
def flights(project: Project) -> Project:
    """The example as a person gets it, with one model trained."""
    project.pivot("init", "--template", "flights", "flights", at="..")
    flights = Project(project / "../flights", project.home)
    flights.pivot("run", WANTED)
    return flights


def names(stages: list[dict[str, Any]]) -> list[str]:
    return [f"{stage['pipeline']}:{stage['stage']}" for stage in stages]


def test_what_happened_to_the_flights(flights: Project) -> None:
    first = flights.pivot("log", "last", "--json").data
    assert first["command"] == f"pivot run {WANTED}"
    assert first["counts"] == {"ran": 4}
    assert names(first["critical_path"]) == CHAIN
    for stage in first["stages"]:
        assert stage["memory"] > 30 << 20  # pandas alone takes more
        assert stage["cpu"] > 0
        assert stage["ended"] <= first["seconds"]
    assert {path.name for path in flights.root.glob("*/.pivot/runs/*")} == {f"{first['run']}.jsonl"}
    assert not (flights / "report/.pivot/runs").exists()  # it had no part

    flights.edit("delays/cleaning.py", "LONGEST = 300", "LONGEST = 240")
    flights.pivot("run", WANTED, at="delays")
    compared = flights.pivot("log", "--compare", "--json", at="delays").data
    changes = dict(zip(names(compared["stages"]), (stage["change"] for stage in compared["stages"]), strict=True))
    assert {name for name, change in changes.items() if change == "not run"} == set(CHAIN[:2])

    flights.edit("delays/cleaning.py", "LONGEST = 240", "LONGEST = 300")
    flights.pivot("run", WANTED)
    assert flights.pivot("log", "last", "--json").data["counts"] == {"restored": 2, "skipped": 2}
    told = flights.pivot("logs", WANTED).err
    assert "train@LGA ran " in told
    assert "it was restored since" in told

    flights.pivot("run", WANTED)  # up to date: nothing to tell
    assert len(flights.pivot("log").out.splitlines()) == 3

    flights.pivot("log", "--trace", "trace.json", "last~2")
    slices = [event for event in flights.json("trace.json")["traceEvents"] if event["ph"] == "X"]
    assert {event["name"] for event in slices} == set(CHAIN)
    for lane in {event["tid"] for event in slices}:
        own = sorted((event["ts"], event["ts"] + event["dur"]) for event in slices if event["tid"] == lane)
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(own))


WAITING = """
import time
from pathlib import Path
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("p")

@pipeline.stage()
def first() -> Annotated[str, outputs.Out("first.txt", loaders.Text())]:
    return "first"

@pipeline.stage()
def wait(
    text: Annotated[str, outputs.Dep("first.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("wait.txt", loaders.Text())]:
    print("waiting", flush=True)
    Path("../started").touch()
    while not Path("../go").exists():
        time.sleep(0.01)
    print("gone")
    return text
"""


LAST = """
@pipeline.stage()
def last(
    text: Annotated[str, outputs.Dep("wait.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("last.txt", loaders.Text())]:
    return text
"""


def states(project: Project) -> list[str]:
    return [run["state"] for run in project.pivot("log", "--json").data["runs"]]


def test_a_running_stage_is_followed_until_it_ends(project: Project) -> None:
    project.write({"pipeline.py": WAITING})
    run = project.start("run")
    wait_for(project / "../started", run)
    assert states(project) == ["running"]
    assert project.pivot("logs", "wait").out == "waiting\n"
    following = project.start("logs", "-f", "wait")
    assert following.stdout is not None
    assert following.stdout.readline() == "waiting\n"
    assert following.poll() is None
    (project / "../go").touch()
    rest, told = following.communicate(timeout=60)
    assert rest == "gone\n"
    assert "wait is running since" in told
    run.communicate(timeout=60)
    assert states(project) == ["ok"]


def test_a_run_that_was_killed_leaves_a_journal_that_says_so(project: Project) -> None:
    project.write({"pipeline.py": WAITING})
    run = project.start("run", "-j", "1")
    wait_for(project / "../started", run)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate(timeout=60)
    assert states(project) == ["killed"]
    record = project.pivot("log", "last", "--json").data
    assert {stage["stage"]: stage["status"] for stage in record["stages"]} == {"first": "ran", "wait": "killed"}
    assert "waiting" in project.pivot("logs", "wait").out
    # A torn line, and what can be read is read.
    (journal,) = (project / ".pivot/runs").iterdir()
    journal.write_bytes(journal.read_bytes()[:-20])
    assert "killed" in project.pivot("log").out

    (project / "../go").touch()
    project.pivot("run")
    assert states(project) == ["ok", "killed"]


def test_an_interrupted_run_is_said_to_be(project: Project) -> None:
    project.write({"pipeline.py": WAITING + LAST})
    run = project.start("run", "-j", "1")
    wait_for(project / "../started", run)
    os.killpg(run.pid, signal.SIGINT)
    (project / "../go").touch()
    run.communicate(timeout=60)
    assert states(project) == ["interrupted"]
    assert "interrupted: 2 ran, 1 not started" in project.pivot("log").out


def test_the_journal_is_what_run_json_streams(project: Project, tmp_path: Path) -> None:
    project.write({"pipeline.py": WAITING})
    (project / "../go").touch()
    streamed = project.pivot("run", "--json").events
    (journal,) = (project / ".pivot/runs").iterdir()
    assert [json.loads(line) for line in journal.read_text().splitlines()] == streamed
