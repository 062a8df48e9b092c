"""Stages that fail, die, exclude each other or are stopped."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from outside import Project, wait_for, wait_until_gone

HEAD = """
import os, signal, time
from pathlib import Path
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("p")

def until_told():
    Path("../started").touch()
    while not Path("../go").exists():
        time.sleep(0.01)

def before() -> Annotated[str, outputs.Out("before.txt", loaders.Text())]:
    return "before"

def other() -> Annotated[str, outputs.Out("other.txt", loaders.Text())]:
    return "other"

def after(
    bad: Annotated[str, outputs.Dep("bad.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("after.txt", loaders.Text())]:
    return bad
"""
REGISTER = """
for stage in (before, bad, after, other):
    pipeline.register(stage)
"""


def with_bad(body: str) -> dict[str, str]:
    """Give a pipeline.py of four stages, one of which does `body`."""
    bad = f"""
def bad(
    x: Annotated[str, outputs.Dep("before.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("bad.txt", loaders.Text())]:
    {body}
"""
    return {"pipeline.py": HEAD + bad + REGISTER}


def test_a_failure_is_told_last_with_the_users_own_line(project: Project) -> None:
    project.write(with_bad('raise ValueError("no such colour")'))
    told = project.pivot("run", expect=1).err
    assert "no such colour" in told
    assert "pipeline.py" in told
    assert "pivot/executor" not in told


def test_a_failure_of_many_lines_is_listed_with_its_first(project: Project) -> None:
    project.write(
        with_bad(r"""
    error = ValueError("no such colour\nsee the manual")
    error.add_note("page 7")
    raise error""")
    )
    first, _, last = project.pivot("run", expect=1).err.partition("failed: bad: ")
    assert "ValueError: no such colour\n" in first
    assert last.startswith("pipeline.py:32: ValueError: no such colour\n")
    assert "see the manual\n  page 7\n" in last


def test_keep_going_runs_what_does_not_depend_on_the_failure(project: Project) -> None:
    project.write(with_bad('raise ValueError("no such colour")'))
    outcomes = project.outcomes("-k", expect=1)
    assert outcomes == {"p:before": "ran", "p:other": "ran", "p:bad": "failed", "p:after": "blocked"}


def test_a_mended_stage_runs_and_the_others_are_kept(project: Project) -> None:
    project.write(with_bad('raise ValueError("no such colour")'))
    project.pivot("run", "-k", expect=1)
    project.edit("pipeline.py", 'raise ValueError("no such colour")', "return x")
    assert project.ran() == {"p:bad", "p:after"}


def test_a_worker_that_dies_fails_its_stage_only_and_names_the_signal(project: Project) -> None:
    project.write(with_bad("os.kill(os.getpid(), signal.SIGKILL)"))
    done = project.pivot("run", "--json", "-k", "-j", "2", expect=1)
    finished = {event["stage"]: event for event in done.events if event["event"] == "stage_finished"}
    assert finished["bad"]["status"] == "failed"
    assert "SIGKILL" in finished["bad"]["failure"]["message"]
    # "skipped" where it had just run, and only its report was lost with the pool.
    assert finished["other"]["status"] in {"ran", "skipped"}
    assert project.text("other.txt") == "other"
    assert finished["after"]["status"] == "blocked"


def test_a_stage_that_leaves_python_fails(project: Project) -> None:
    project.write(with_bad("raise SystemExit(0)"))
    assert project.outcomes("-k", expect=1)["p:bad"] == "failed"


def test_a_stage_that_does_not_write_its_output_fails_and_the_output_is_named(project: Project) -> None:
    project.write(with_bad('return Path("bad.txt")'))
    project.edit(
        "pipeline.py",
        '"bad.txt", loaders.Text())]:\n    return Path',
        '"bad.txt", loaders.PathOnly())]:\n    return Path',
    )
    assert "bad.txt" in project.pivot("run", expect=1).err


WAITS = "until_told(); return x"


def test_the_first_interrupt_lets_running_stages_finish_and_starts_no_other(project: Project) -> None:
    project.write(with_bad(WAITS))
    process = project.start("run", "-j", "1")
    wait_for(project / "../started", process)
    os.killpg(process.pid, signal.SIGINT)
    (project / "../go").touch()
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert project.text("bad.txt") == "before"
    assert not (project / "after.txt").exists()
    assert (project / ".pivot/stages/bad.lock").is_file()


def test_the_second_interrupt_kills_and_leaves_nothing_half_written(project: Project) -> None:
    project.write(with_bad(WAITS))
    process = project.start("run", "-j", "1")
    wait_for(project / "../started", process)
    interrupt_and_wait_until_heard(process)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert not (project / "bad.txt").exists()
    assert not (project / ".pivot/stages/bad.lock").exists()
    assert not _litter(project)
    (project / "../go").touch()
    assert project.ran("-j", "1") >= {"p:bad", "p:after"}


def test_a_third_interrupt_leaves_no_process_either(project: Project) -> None:
    ignores = "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    child = f"{ignores}; open('../child', 'w').write(str(os.getpid())); open('../born', 'w'); time.sleep(600)"
    body = f'import subprocess, sys; subprocess.Popen([sys.executable, "-c", {child!r}], start_new_session=True)'
    asked = 'signal.signal(signal.SIGTERM, lambda *_: Path("../asked").touch())'
    project.write(with_bad(f'{asked}; {body}; until_told(); return ""'))
    process = project.start("run", "-j", "1")
    for name in ("started", "born"):
        wait_for(project / f"../{name}", process)
    interrupt_and_wait_until_heard(process)
    os.killpg(process.pid, signal.SIGINT)
    wait_for(project / "../asked", process)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) == 130
    wait_until_gone(int(project.text("../child")))


def test_no_process_outlives_a_run_that_is_killed(project: Project) -> None:
    child = "import os, time; open('../child', 'w').write(str(os.getpid())); open('../born', 'w'); time.sleep(600)"
    body = f'import subprocess, sys; subprocess.Popen([sys.executable, "-c", {child!r}], start_new_session=True)'
    project.write(with_bad(f'{body}; Path("../worker").write_text(str(os.getpid())); until_told(); return ""'))
    process = project.start("run", "-j", "2")
    for name in ("started", "born"):
        wait_for(project / f"../{name}", process)
    members = [int(project.text(f"../{name}")) for name in ("worker", "child")]
    process.kill()
    process.wait()
    for member in members:
        wait_until_gone(member)


def interrupt_and_wait_until_heard(process: "subprocess.Popen[str]") -> None:
    """Press Ctrl-C once, and read until the command says that it has heard."""
    os.killpg(process.pid, signal.SIGINT)
    for line in process.stderr or ():
        if "nterrupt" in line or "Ctrl-C" in line:
            return


def _litter(project: Project) -> list[Path]:
    """Find what a command that was stopped should not leave."""
    temporary = [path for path in project.root.rglob("*") if path.is_file() and "tmp" in path.name.lower()]
    return [*temporary, *(project / ".pivot/cache/tmp").glob("*")]


ALONE = """
import os
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline
from pivot.stage_def import StageParams

pipeline = Pipeline("p")

class Number(StageParams):
    number: int

def use(params: Number) -> Annotated[str, outputs.Out("x.txt", loaders.Text())]:
    os.mkdir("busy")  # fails if another one is at it
    sum(range(200_000))
    os.rmdir("busy")
    return str(params.number)

for number in range(6):
    pipeline.register(
        use, variant=str(number), params=Number(number=number), mutex=["gpu"],
        out_path_overrides={"return": f"{number}.txt"},
    )
"""


@pytest.mark.parametrize("asked", ['mutex=["gpu"]', 'resources={"gpu": 1}'])
def test_stages_that_share_what_there_is_once_never_run_at_once(project: Project, asked: str) -> None:
    project.write({"pipeline.py": ALONE.replace('mutex=["gpu"]', asked)})
    assert len(project.ran("-j", "3", "-k", "--resource", "gpu=1")) == 6
    assert not (project / "busy").exists()


NOW_AND_THEN = """Path("../tries").open("a").write("x")
    print("trying", flush=True)
    if len(Path("../tries").read_text()) < 3:
        Path("bad.txt").write_text("half")
        os._exit(4)
    return 'good'"""


@pytest.mark.parametrize(("retries", "code"), [("2", 0), ("1", 1)])
def test_a_stage_that_fails_now_and_then_is_tried_again(project: Project, retries: str, code: int) -> None:
    project.write(with_bad(NOW_AND_THEN))
    told = project.pivot("run", "-k", "--retries", retries, expect=code).err
    assert f"try 1 of {int(retries) + 1} failed: it ended its worker process itself, with exit code 4" in told
    assert ("failed 2 times; the last time: it ended" in told) is bool(code)
    assert project.pivot("logs", "bad").out == "trying\n" * (int(retries) + 1)
    assert (project / "other.txt").exists()
    if not code:
        assert project.text("after.txt") == "good"
        assert project.pivot("run").err.startswith("Nothing to do")


def test_two_commands_at_once_run_each_stage_once(project: Project) -> None:
    project.write(with_bad(WAITS))
    first = project.start("run", "--json")
    wait_for(project / "../started", first)
    second = project.start("run", "--json")
    (project / "../go").touch()
    ran = [line for process in (first, second) for line in process.communicate(timeout=60)[0].splitlines()]
    finished = [line for line in ran if '"stage": "bad"' in line and '"status": "ran"' in line]
    assert (first.returncode, second.returncode) == (0, 0)
    assert len(finished) == 1
