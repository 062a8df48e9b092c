"""Code that is edited while a run is under way: a stage never counts as run with code that it did not run."""

from outside import Project, wait_for

PIPELINE = """
import sys, time
from pathlib import Path
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

if HOLD and any("pivot.executor" in word for word in sys.orig_argv):
    marker = Path(__file__).parent / "started"
    marker.touch()
    while not marker.with_name("go").exists():
        time.sleep(0.01)

import helper

pipeline = Pipeline("p")

@pipeline.stage
def made() -> Annotated[str, outputs.Out("made.txt", loaders.Text())]:
    EXTRA
    return helper.text()
"""
HELPER = "def text():\n    return 'old'\n"


def files(extra: str = "pass", *, hold: bool = False) -> dict[str, str]:
    """Give a stage that calls a helper; `extra` is the first thing that it does. `hold`: workers wait while loading."""
    return {"pipeline.py": PIPELINE.replace("EXTRA", extra).replace("HOLD", str(hold)), "helper.py": HELPER}


def edited_before_the_worker_loads(project: Project) -> None:
    """Edit the helper after the command has identified it and before its worker imports it."""
    project.write(files(hold=True))
    project.pivot("status")
    running = project.start("run")
    wait_for(project / "started", running)
    project.edit("helper.py", "old", "new")
    (project / "go").touch()
    assert running.wait(60) == 0
    assert project.text("made.txt") == "new"


def test_an_edit_before_the_worker_loads_is_not_recorded_as_the_old_code(project: Project) -> None:
    edited_before_the_worker_loads(project)
    project.edit("helper.py", "new", "old")
    project.pivot("run")
    assert project.text("made.txt") == "old"


def test_an_edit_before_the_worker_loads_runs_once_more_and_is_then_up_to_date(project: Project) -> None:
    edited_before_the_worker_loads(project)
    assert project.ran() == {"p:made"}
    assert project.ran() == set()
    assert project.text("made.txt") == "new"


def test_a_stage_that_edits_its_own_loaded_helper_counts_with_the_code_that_it_ran(project: Project) -> None:
    own = "Path('helper.py').write_text(Path('helper.py').read_text().replace('old', 'new'))"
    project.write(files(own))
    project.pivot("run")
    assert project.text("made.txt") == "old"
    project.pivot("run")
    assert project.text("made.txt") == "new"


def test_a_module_that_is_edited_and_then_imported_by_the_stage_is_not_recorded_as_the_old_code(
    project: Project,
) -> None:
    late = "Path('late.py').write_text('def text(): return \"new\"\\n'); import late; return late.text()"
    project.write(files(late))
    project.write({"late.py": 'def text(): return "old"\n'})
    project.pivot("run")
    assert project.text("made.txt") == "new"
    project.edit("late.py", "new", "old")
    project.edit("pipeline.py", late, "import late; return late.text()")
    project.edit("pipeline.py", "import late; return late.text()", late)
    assert project.ran() == {"p:made"}
