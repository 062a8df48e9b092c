"""Commands at the same time in one project: each stage runs once, and nobody reads what another is just writing."""

import array
import fcntl
import json
import os
import signal
import subprocess
import termios
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from outside import Project

HEAD = """
from pathlib import Path
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

GATES = Path(__file__).resolve().parents[2]

def tell_and_wait(name):
    with open(GATES / f"{name}.ran", "a") as told:
        told.write("once ")
    if (GATES / name).exists():
        (GATES / f"{name}.in").write_text("")  # somebody reads: this stage has begun
        (GATES / name).read_text()             # until somebody has written
"""
MAKER = """
pipeline = Pipeline("maker")

def make(
    source: Annotated[str, outputs.Dep("../source.txt", loaders.Text())],
) -> Annotated[Path, outputs.Out("rows.txt", loaders.PathOnly())]:
    Path("rows.txt").write_text("half")
    tell_and_wait("make")
    Path("rows.txt").write_text(source)

pipeline.register(make)
"""
USER = """
pipeline = Pipeline("user")

def use(
    rows: Annotated[Path, outputs.Dep("../maker/rows.txt", loaders.PathOnly())],
) -> Annotated[str, outputs.Out("used.txt", loaders.Text())]:
    tell_and_wait("use")
    return f"{rows.read_text()} 1"

pipeline.register(use)
"""
SLOW = 60


class Gates:
    """FIFOs beside the project at which stages wait."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def close(self, *names: str) -> None:
        for name in names:
            os.mkfifo(self._directory / name)
            os.mkfifo(self._directory / f"{name}.in")

    def wait_until_at(self, name: str) -> None:
        """Wait until a stage is at its gate."""
        (self._directory / f"{name}.in").read_text()

    def open(self, name: str) -> None:
        """Let the stage at the gate go on, and whoever comes later pass."""
        gate = self._directory / name
        with gate.open("w"):
            gate.unlink()

    def times(self, name: str) -> int:
        """Count how often a stage ran."""
        return (self._directory / f"{name}.ran").read_text().count("once")


@pytest.fixture
def gates(project: Project) -> Gates:
    project.write({"source.txt": "new", "maker/pipeline.py": HEAD + MAKER, "user/pipeline.py": HEAD + USER})
    return Gates(project.root.parent)


def event_of(process: "subprocess.Popen[str]", **wanted: Any) -> Mapping[str, Any]:
    """Read what a run tells until it tells this."""
    assert process.stdout is not None
    for line in process.stdout:
        event: dict[str, Any] = json.loads(line)
        if wanted.items() <= event.items():
            return event
    raise AssertionError(f"never told {wanted}: {process.communicate()}")


def ended(*processes: "subprocess.Popen[str]") -> None:
    for process in processes:
        _, told = process.communicate(timeout=SLOW)
        assert process.returncode == 0, told


def writer_and_reader(project: Project, gates: Gates) -> "list[subprocess.Popen[str]]":
    """Start a run that is just writing, until its gate is opened, and one that is to read that."""
    gates.close("make")
    writer = project.start("run", "--json", at="maker")
    gates.wait_until_at("make")
    return [writer, project.start("run", "--json", "--only", at="user")]


def test_a_stage_does_not_read_what_another_run_is_just_writing(project: Project, gates: Gates) -> None:
    writer, reader = writer_and_reader(project, gates)
    event = event_of(reader, event="stage_waiting")
    assert (event["stage"], event["path"]) == ("use", "maker/rows.txt")
    assert Path(f"/proc/{event['owner']}").exists(), "who writes it is named"
    gates.open("make")
    ended(writer, reader)
    assert project.text("user/used.txt") == "new 1"


def test_the_time_for_which_a_stage_waits_for_others_is_none_of_its_own(project: Project, gates: Gates) -> None:
    writer, reader = writer_and_reader(project, gates)
    waiting = event_of(reader, event="stage_waiting")
    gates.open("make")
    done = event_of(reader, event="stage_finished", stage="use")
    ended(writer, reader)
    assert waiting["at"] < done["began"] <= done["began"] + done["seconds"] <= done["at"] + 0.001


def test_a_stage_does_not_write_what_another_run_is_just_reading(project: Project, gates: Gates) -> None:
    project.pivot("run", at="maker")
    gates.close("use")
    reader = project.start("run", "--json", at="user")
    gates.wait_until_at("use")
    project.write({"source.txt": "newer"})
    writer = project.start("run", "--json", at="maker")
    event_of(writer, event="stage_waiting", stage="make", path="maker/rows.txt")
    gates.open("use")
    ended(reader, writer)
    assert (project.text("user/used.txt"), project.text("maker/rows.txt")) == ("new 1", "newer")
    assert project.stale() == {"user:use": "run"}


def test_runs_of_two_pipelines_make_what_they_share_once(project: Project, gates: Gates) -> None:
    other = USER.replace('"user"', '"other"').replace("use", "apply")
    project.write({"other/pipeline.py": HEAD + other})
    gates.close("make")
    first = project.start("run", "--json", at="user")
    gates.wait_until_at("make")
    second = project.start("run", "--json", at="other")
    event_of(second, event="stage_waiting", stage="make")
    gates.open("make")
    ended(first, second)
    assert [gates.times(name) for name in ("make", "use", "apply")] == [1, 1, 1]


def test_a_stage_that_uses_code_which_only_the_command_can_identify_runs_once(project: Project, gates: Gates) -> None:
    project.write({"plugins.py": "def upper(text):\n    return text.upper()\n"})
    late = (
        'import importlib\n    source = getattr(importlib.import_module("".join(reversed("snigulp"))), "upper")(source)'
    )
    project.edit("maker/pipeline.py", 'tell_and_wait("make")\n', f'tell_and_wait("make")\n    {late}\n')
    gates.close("make")
    first = project.start("run", "--json", at="maker")
    gates.wait_until_at("make")
    second = project.start("run", "--json", at="maker")
    event_of(second, event="stage_waiting", stage="make")
    first.send_signal(signal.SIGSTOP)  # it hears its worker when the second has had all the time that it wants
    gates.open("make")
    wait_until_spoken_to(first)
    first.send_signal(signal.SIGCONT)
    ended(first, second)
    assert gates.times("make") == 1
    project.edit("plugins.py", "upper()", "lower()")
    assert project.ran(at="maker") == {"maker:make"}


def wait_until_spoken_to(process: "subprocess.Popen[str]") -> None:
    """Wait until there is something in a pipe that a process reads."""
    while not any(map(is_full, Path(f"/proc/{process.pid}/fd").iterdir())):
        assert process.poll() is None


def is_full(descriptor: Path) -> bool:
    if int(descriptor.name) < 3 or not os.readlink(descriptor).startswith("pipe:"):
        return False
    pipe = os.open(descriptor, os.O_RDONLY | os.O_NONBLOCK)
    waiting = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, waiting)
    os.close(pipe)
    return waiting[0] > 0


def test_the_wait_for_a_path_ends_with_the_time_limit_and_its_own_exit_code(project: Project, gates: Gates) -> None:
    gates.close("make")
    writer = project.start("run", "--json", at="maker")
    gates.wait_until_at("make")
    project.write({".pivot/config.yaml": "run: {lock_timeout: 0.1}"})
    told = project.pivot("run", "--only", at="user", expect=5).err
    assert "use is waiting for pid " in told
    assert "another process has been using maker/rows.txt for more than 0.1 s" in told
    assert "more than 0.1 s. Wait for it, or raise run.lock_timeout" in told
    gates.open("make")
    ended(writer)


def test_a_checkout_waits_for_a_stage_that_runs(project: Project, gates: Gates) -> None:
    project.pivot("run", at="maker")
    gates.close("make")
    project.write({"source.txt": "newer"})
    writer = project.start("run", "--json", at="maker")
    gates.wait_until_at("make")
    checkout = project.start("checkout", at="maker")
    assert checkout.stderr is not None
    assert checkout.stderr.readline().startswith("make is waiting for pid ")
    gates.open("make")
    ended(writer, checkout)
    assert project.text("maker/rows.txt") == "newer"


def test_what_a_stage_asks_for_makes_nothing_stale(project: Project, gates: Gates) -> None:
    project.pivot("run", "--all")
    keys = sorted(path.read_text() for path in project.root.rglob("stages/*.lock"))
    asked = 'pipeline.register(make, resources={"gpu": 1}, retries=2, timeout="1m", mutex=["x"])'
    project.edit("maker/pipeline.py", "pipeline.register(make)", asked)
    project.write({".pivot/config.yaml": "run: {resources: {gpu: 2}, retries: 1, timeout: 5}"})
    assert project.stale("--all") == {}
    assert project.ran("--all") == set()
    project.pivot("run", "--all", "--force")
    assert sorted(path.read_text() for path in project.root.rglob("stages/*.lock")) == keys
