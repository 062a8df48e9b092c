"""`pivot run --watch`: a save makes stale what depends on it, and only that runs again."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from outside import PATIENCE, Project, wait_for

PIPELINE = """
import os, sys
from pathlib import Path
from typing import Annotated
import helpers
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("p")

@pipeline.stage()
def shout(
    text: Annotated[str, outputs.Dep("text.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("shout.txt", loaders.Text())]:
    return helpers.loud(text)

@pipeline.stage()
def who() -> Annotated[str, outputs.Out("who.txt", loaders.Text())]:
    return helpers.named(f"{os.getpid()} {sys.loads}")
"""
HELPERS = """
import sys
sys.loads = getattr(sys, "loads", 0) + 1

def loud(text):
    return text.upper()

def named(text):
    return text + " v1"
"""
FILES = {"pipeline.py": PIPELINE, "helpers.py": HELPERS, "text.txt": "a"}
Event = dict[str, Any]


class Watched:
    """A running `pivot run --watch --json`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self._events: queue.Queue[Event | None] = queue.Queue()
        self.err: list[str] = []
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_out, self._read_err)]
        for reader in self._readers:
            reader.start()

    def _read_out(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._events.put(json.loads(line))
        self._events.put(None)

    def _read_err(self) -> None:
        assert self.process.stderr is not None
        self.err += self.process.stderr

    def until(self, name: str) -> list[Event]:
        """Give the events up to the next one of this name."""
        seen: list[Event] = []
        while True:
            event = self._events.get(timeout=PATIENCE)
            assert event is not None, (seen, self.ended(), self.err)
            seen.append(event)
            if event["event"] == name:
                return seen

    def round(self) -> "Round":
        """Wait for the end of the next round."""
        return Round(self.until("waiting"))

    def ended(self) -> int:
        """Wait until it has ended, and has said all."""
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return code


class Round:
    """The events of one round."""

    def __init__(self, events: list[Event]) -> None:
        self.number: int = events[0]["round"]
        self.changed: list[str] = events[0]["changed"]
        finished = [event for event in events if event["event"] == "stage_finished"]
        self.became = {event["stage"]: event["status"] for event in finished if event["status"] != "skipped"}
        self.errors = [event["message"] for event in events if event["event"] == "error"]


Watch = Callable[..., Watched]


@pytest.fixture
def watch(project: Project) -> Iterator[Watch]:
    """Start to watch the project."""
    with contextlib.ExitStack() as stack:

        def start(*words: str, at: str = ".", **env: str) -> Watched:
            process = stack.enter_context(project.start("run", "--watch", "--json", *words, at=at, **env))
            stack.callback(_end, process)
            return Watched(process)

        yield start


def _end(process: "subprocess.Popen[str]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def all_gone(group: int) -> None:
    """Wait until no process of a group is left."""
    pause = threading.Event()
    for _ in range(PATIENCE * 20):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        pause.wait(0.05)
    raise AssertionError("processes were left behind")


def test_an_edited_helper_reruns_what_uses_it_with_the_new_code(project: Project, watch: Watch) -> None:
    project.write(FILES)
    watched = watch()
    assert watched.round().became == {"shout": "ran", "who": "ran"}
    project.edit("helpers.py", "text.upper()", 'text.upper() + "!"')
    second = watched.round()
    assert second.became == {"shout": "ran"}
    assert "helpers.py" in second.changed
    assert project.text("shout.txt") == "A!"
    project.edit("helpers.py", "text.upper()", "text.lower()")
    assert watched.round().became == {"shout": "ran"}
    assert project.text("shout.txt") == "a!"


def test_edited_data_reruns_what_reads_it(project: Project, watch: Watch) -> None:
    project.write(FILES)
    watched = watch()
    watched.round()
    project.write({"notes.txt": "of no concern"})
    project.write({"text.txt": "b"})
    second = watched.round()
    assert (second.number, second.became) == (2, {"shout": "ran"})
    assert "text.txt" in second.changed
    assert project.text("shout.txt") == "B"


def test_workers_stay_but_the_users_modules_are_loaded_anew(project: Project, watch: Watch) -> None:
    project.write(FILES)
    watched = watch("-j", "1")
    watched.round()
    pid, loads, version = project.text("who.txt").split()
    assert (loads, version) == ("1", "v1")
    project.edit("helpers.py", "v1", "v2")
    watched.round()
    assert project.text("who.txt").split() == [pid, "2", "v2"]


def test_a_syntax_error_is_told_and_the_next_save_is_looked_at(project: Project, watch: Watch) -> None:
    project.write(FILES)
    watched = watch()
    watched.round()
    project.edit("helpers.py", "def loud(text)", "def loud(text:")
    broken = watched.round()
    assert broken.errors
    assert "helpers.py" in broken.errors[0]
    project.edit("helpers.py", "def loud(text:", "def loud(text)")
    mended = watched.round()
    assert (mended.errors, mended.became) == ([], {})
    project.write({"text.txt": "c"})
    assert watched.round().became == {"shout": "ran"}


def test_a_pipeline_that_is_broken_from_the_start_may_be_mended(project: Project, watch: Watch) -> None:
    project.write({**FILES, "pipeline.py": "from pivot.pipeline import Pipeline\n1 / 0\n"})
    watched = watch()
    assert "division by zero" in watched.round().errors[0]
    project.write({"pipeline.py": PIPELINE})
    assert watched.round().became == {"shout": "ran", "who": "ran"}


def test_a_failing_stage_runs_again_when_it_is_mended_and_not_before(project: Project, watch: Watch) -> None:
    """What it writes itself, also where nobody declared it, is no reason to run it for ever."""
    failing = HELPERS.replace("return text.upper()", 'open("trail.txt", "a").write("x"); raise ValueError("no")')
    project.write({**FILES, "helpers.py": failing})
    watched = watch("-k")
    assert watched.round().became == {"shout": "failed", "who": "ran"}
    project.write({"text.txt": "b"})
    second = watched.round()
    assert (second.number, second.became) == (2, {"shout": "failed"})
    project.write({"helpers.py": HELPERS})
    third = watched.round()
    assert (third.number, third.became) == (3, {"shout": "ran"})
    assert project.text("trail.txt") == "xx"


def test_what_was_not_run_because_of_a_failure_is_not_tried_for_ever(project: Project, watch: Watch) -> None:
    failing = HELPERS.replace("return text.upper()", 'open("trail.txt", "a").write("x"); raise ValueError("no")')
    waiting = PIPELINE.replace("def who()", 'def who(x: Annotated[str, outputs.Dep("shout.txt", loaders.Text())])')
    project.write({"text.txt": "a", "helpers.py": failing, "pipeline.py": waiting})
    watched = watch()
    assert watched.round().became == {"shout": "failed", "who": "blocked"}
    project.write({"helpers.py": HELPERS})
    second = watched.round()
    assert (second.number, second.became) == (2, {"shout": "ran", "who": "ran"})
    assert project.text("trail.txt") == "x"


def test_a_file_that_was_asked_for_and_missing_triggers_when_it_appears(project: Project, watch: Watch) -> None:
    optional = HELPERS.replace("text.upper()", 'text + (open("more").read() if Path("more").exists() else "")')
    project.write({**FILES, "helpers.py": "from pathlib import Path\n" + optional})
    watched = watch()
    watched.round()
    assert project.text("shout.txt") == "a"
    project.write({"more": " and more"})
    second = watched.round()
    assert (second.became, second.changed) == ({"shout": "ran"}, ["more"])
    assert project.text("shout.txt") == "a and more"
    project.write({"more": " or less"})
    assert watched.round().became == {"shout": "ran"}
    assert project.text("shout.txt") == "a or less"


def test_a_file_that_a_failed_stage_lacked_triggers_when_it_appears(project: Project, watch: Watch) -> None:
    project.write({**FILES, "helpers.py": HELPERS.replace("text.upper()", 'open("more").read()')})
    watched = watch("-k")
    assert watched.round().became == {"shout": "failed", "who": "ran"}
    project.write({"more": "more"})
    assert watched.round().became == {"shout": "ran"}


def test_an_output_edited_by_hand_is_put_back(project: Project, watch: Watch) -> None:
    project.write(FILES)
    watched = watch()
    watched.round()
    project.write({"by-hand.txt": "mine"})
    (project / "by-hand.txt").replace(project / "shout.txt")
    assert watched.round().became == {"shout": "restored"}
    assert project.text("shout.txt") == "A"


def test_an_edit_during_a_round_leads_to_one_more(project: Project, watch: Watch) -> None:
    slow = """
def loud(text):
    import time
    from pathlib import Path
    Path("began").touch()
    while not Path("go").exists():
        time.sleep(0.01)
    return text.upper()
"""
    project.write({**FILES, "slow.py": slow, "helpers.py": HELPERS + "\nfrom slow import loud\n"})
    watched = watch()
    wait_for(project / "began", watched.process)
    project.edit("slow.py", "text.upper()", 'text.upper() + "!"')
    project.write({"go": ""})
    events = watched.until("waiting")
    assert [event["round"] for event in events if event["event"] == "round_started"] == [1, 2]
    assert project.text("shout.txt") == "A!"


STEPS = """
import time
from pathlib import Path
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("one")

def wait(name):
    Path(f"{name}-began").touch()
    while not Path(f"{name}-go").exists():
        time.sleep(0.01)

Words = Annotated[str, outputs.Dep("text.txt", loaders.Text())]

@pipeline.stage()
def first(text: Words) -> Annotated[str, outputs.Out("a.txt", loaders.Text())]:
    wait("first")
    return text

@pipeline.stage()
def other(text: Words) -> Annotated[str, outputs.Out("b.txt", loaders.Text())]:
    wait("other")
    return text
"""
LAST = """
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("two")

@pipeline.stage()
def last(
    text: Annotated[str, outputs.Dep("../one/a.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("c.txt", loaders.Text())]:
    return text + " old"
"""


def second_round_in_steps(project: Project, watch: Watch) -> Watched:
    """Begin a second round, in which `first` waits, and `other`, and then `last` of another pipeline is to run."""
    project.write({"one/pipeline.py": STEPS, "two/pipeline.py": LAST, "one/text.txt": "a"})
    project.write({"one/first-go": "", "one/other-go": ""})
    watched = watch("-k", "-j", "2")
    watched.round()
    for name in ("first-go", "other-go", "first-began", "other-began"):
        (project / "one" / name).unlink()
    project.write({"one/text.txt": "b"})
    for name in ("first-began", "other-began"):
        wait_for(project / "one" / name, watched.process)
    return watched


def test_code_edited_before_a_warm_worker_loads_it_is_never_recorded_as_the_old_code(
    project: Project, watch: Watch
) -> None:
    watched = second_round_in_steps(project, watch)
    project.edit("two/pipeline.py", "old", "new")
    project.write({"one/first-go": "", "one/other-go": ""})
    watched.until("waiting")
    assert project.text("two/c.txt") == "b new"
    project.edit("two/pipeline.py", "new", "old")
    watched.until("waiting")
    assert project.text("two/c.txt") == "b old"


def test_a_half_saved_file_that_a_worker_came_upon_is_tried_again_when_it_is_whole(
    project: Project, watch: Watch
) -> None:
    watched = second_round_in_steps(project, watch)
    project.write({"two/pipeline.py": LAST + "half = ("})
    project.write({"one/first-go": ""})
    while watched.until("stage_finished")[-1]["status"] != "failed":
        pass
    project.write({"two/pipeline.py": LAST})
    project.write({"one/other-go": ""})
    rounds = [event for event in watched.until("waiting") if event["event"] == "round_started"]
    assert len(rounds) == 1
    assert project.text("two/c.txt") == "b old"


def test_a_pipeline_above_that_is_broken_or_mended_is_told(project: Project, watch: Watch) -> None:
    project.write({"one/pipeline.py": STEPS, "two/pipeline.py": LAST, "one/text.txt": "a", "one/first-go": ""})
    watched = watch(at="two")
    watched.round()
    project.edit("one/pipeline.py", "def wait(name)", "def wait(name")
    assert watched.round().changed == ["one/pipeline.py"]
    project.edit("one/pipeline.py", "def wait(name", "def wait(name)")
    assert watched.round().changed == ["one/pipeline.py"]
    os.killpg(watched.process.pid, signal.SIGINT)
    assert watched.ended() == 130
    assert sum("left out" in line for line in watched.err) == 1


def test_new_directories_are_watched_and_a_new_pipeline_counts(project: Project, watch: Watch) -> None:
    own = PIPELINE.replace('"p"', '"q"').replace("import helpers\n", "import own as helpers\n")
    project.write({f"one/{name}": text for name, text in FILES.items()})
    watched = watch()
    assert watched.round().became == {"shout": "ran", "who": "ran"}
    project.write({"two/deep/own.py": HELPERS, "two/deep/text.txt": "z", "two/deep/pipeline.py": own})
    while not (project / "two/deep/who.txt").exists() or not (project / "two/deep/shout.txt").exists():
        watched.round()
    project.write({"two/deep/text.txt": "y"})
    while project.text("two/deep/shout.txt") != "Y":
        watched.round()


def test_a_new_module_that_shadows_another_counts(project: Project, watch: Watch) -> None:
    project.write({f"one/{name}": text for name, text in FILES.items() if name != "helpers.py"})
    project.write({"helpers.py": HELPERS})
    watched = watch(at="one")
    watched.round()
    project.write({"one/helpers.py": HELPERS.replace("upper", "title") + "#"})
    project.write({"one/text.txt": "new text"})
    watched.round()
    while project.text("one/shout.txt") != "New Text":
        watched.round()


def test_code_counts_that_a_pipeline_finds_outside_of_the_project(project: Project, watch: Watch) -> None:
    elsewhere = 'sys.path.append(str(Path(__file__).parent.parent / "lib"))\nimport helpers'
    pipeline = PIPELINE.replace("import helpers", elsewhere)
    project.write({"pipeline.py": pipeline, "../lib/helpers.py": HELPERS, "text.txt": "a"})
    watched = watch()
    watched.round()
    project.edit("../lib/helpers.py", "text.upper()", "text.lower()")
    assert watched.round().became == {"shout": "ran"}
    assert project.text("shout.txt") == "a"


def test_settings_of_the_project_count(project: Project, watch: Watch) -> None:
    project.write(FILES)
    watched = watch()
    watched.round()
    project.write({".pivot/config.yaml": "run: {jobs: -3}\n"})
    told = watched.round()
    assert told.errors
    assert told.changed == [".pivot/config.yaml"]


def test_a_home_or_another_directory_without_a_project_is_not_watched(project: Project) -> None:
    home = project.home
    assert "is in no project" in project.pivot("run", "--watch", at=str(home), expect=2).err


def test_without_watchfiles_all_files_are_looked_at(project: Project, watch: Watch) -> None:
    project.write(FILES)
    (project.home / "watchfiles.py").write_text("raise ImportError\n")
    watched = watch(PYTHONPATH=str(project.home))
    watched.round()
    project.edit("helpers.py", "text.upper()", 'text.upper() + "!"')
    assert watched.round().became == {"shout": "ran"}
    watched.process.send_signal(signal.SIGINT)
    assert watched.ended() == 130
    assert any("pip install watchfiles" in line for line in watched.err)


def test_ctrl_c_while_waiting_ends_at_once_and_leaves_no_process(project: Project, watch: Watch) -> None:
    project.write(FILES)
    watched = watch()
    watched.round()
    os.killpg(watched.process.pid, signal.SIGINT)
    assert watched.ended() == 130
    assert watched.err[-1] == "stopped\n"
    all_gone(watched.process.pid)


def test_sigterm_while_waiting_ends_workers_too(project: Project, watch: Watch) -> None:
    project.write(FILES)
    watched = watch()
    watched.round()
    watched.process.send_signal(signal.SIGTERM)
    assert watched.ended() == 143
    all_gone(watched.process.pid)


SLOW = HELPERS.replace(
    "return text.upper()",
    """
    import time
    from pathlib import Path
    Path("began").touch()
    while not Path("go").exists():
        time.sleep(0.01)
    return text.upper()""",
)


def test_sigterm_during_a_round_ends_it(project: Project, watch: Watch) -> None:
    project.write({**FILES, "helpers.py": SLOW})
    watched = watch()
    wait_for(project / "began", watched.process)
    watched.process.send_signal(signal.SIGTERM)
    assert watched.ended() == 143
    all_gone(watched.process.pid)


def test_ctrl_c_during_a_round_lets_what_runs_finish_and_ends(project: Project, watch: Watch) -> None:
    project.write({**FILES, "helpers.py": SLOW})
    watched = watch()
    wait_for(project / "began", watched.process)
    os.killpg(watched.process.pid, signal.SIGINT)
    watched.until("interrupted")
    project.write({"go": ""})
    assert watched.ended() == 130
    assert project.text("shout.txt") == "A"
    all_gone(watched.process.pid)


def test_people_read_what_triggered_a_round(project: Project) -> None:
    project.write(FILES)
    with project.start("run", "--watch") as process:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        assert any("waiting for changes" in line for line in lines)
        project.write({"text.txt": "b"})
        assert "changed: text.txt\n" in lines
        assert any("input text.txt changed" in line for line in lines)
        assert any("waiting for changes" in line for line in lines)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
