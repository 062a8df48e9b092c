"""Rules for live stages: what a worker gets."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pivot.discovery.loading import load_live, module_name, origin_of
from pivot.registry.types import PipelineName, StageName, StageRef

Write = Callable[[dict[str, str]], Path]

HEAD = """
from typing import Annotated
from pivot import outputs, loaders
from pivot.pipeline import Pipeline
Text = Annotated[str, outputs.Out("out.txt", loaders.Text())]
"""
LATE = (
    HEAD
    + """
pipeline = Pipeline("{name}")
@pipeline.stage
def main() -> Text:
    import helpers
    return helpers.NAME
"""
)


def ref(pipeline: str, stage: str = "main") -> StageRef:
    return StageRef(PipelineName(pipeline), StageName(stage))


def loaded_as(root: Path, place: str) -> str:
    return next(iter(load_live(str(root / place / "pipeline.py"), str(root)).pipeline_modules))


def call(live: Any, stage: StageRef) -> object:
    with live.active():
        return live.get(stage)["func"]()


def test_late_imports_find_the_neighbours_of_their_own_pipeline(write: Write) -> None:
    root = write({f"{name}/pipeline.py": LATE.format(name=name) for name in "ab"})
    write({f"{name}/helpers.py": f"NAME = {name!r}" for name in "ab"})
    lives = {name: load_live(str(root / name / "pipeline.py"), str(root)) for name in "ab"}
    assert [call(lives[name], ref(name)) for name in "abab"] == list("abab")


def test_stages_of_an_included_pipeline_are_there_too(write: Write) -> None:
    root = write({
        "a/pipeline.py": LATE.format(name="a"), "a/helpers.py": "NAME = 'a'",
        "b/pipeline.py": "from a.pipeline import pipeline as a\n" + LATE.format(name="b") + "pipeline.include(a)\n",
        "b/helpers.py": "NAME = 'b'",
    })  # fmt: skip
    live = load_live(str(root / "b" / "pipeline.py"), str(root))
    assert live.get(ref("a"))["name"] == "main"
    assert call(live, ref("b")) == "b"


def test_a_worker_that_stays_warm_gets_new_code_by_loading_again(write: Write) -> None:
    found = []
    for value in ("1", "2", "3"):
        root = write({"a/pipeline.py": LATE.format(name="a"), "a/helpers.py": f"NAME = '{value}'"})
        os.utime(root / "a" / "helpers.py", ns=(0, 0))
        found.append(call(load_live(str(root / "a" / "pipeline.py"), str(root)), ref("a")))
    assert found == ["1", "2", "3"]


def test_an_origin_names_the_loader(write: Write) -> None:
    root = write({"a/pipeline.py": ""})
    origin = origin_of(root / "a" / "pipeline.py", root)
    assert origin.loader == "pivot.discovery.loading:load_live"
    assert origin.args == (str(root / "a" / "pipeline.py"), str(root))


def test_a_pipeline_is_loaded_under_the_name_that_the_project_imports_it_by(write: Write) -> None:
    root = write({"a/b/pipeline.py": LATE.format(name="a"), "pipeline.py": LATE.format(name="root")})
    assert load_live(str(root / "a" / "b" / "pipeline.py"), str(root)).pipeline_modules.keys() == {"a.b.pipeline"}
    assert load_live(str(root / "pipeline.py"), str(root)).pipeline_modules.keys() == {"pipeline"}
    assert "pipeline" not in sys.modules


def test_a_pipeline_that_no_import_finds_has_a_name_of_its_own_from_its_place(write: Write) -> None:
    places = ["with-dash", "other-dash", "json", "class"]
    root = write({f"{place}/pipeline.py": LATE.format(name="a") for place in places})
    names = [loaded_as(root, place) for place in places]
    assert all(name.startswith("pivot_pipeline_") for name in names)
    assert len(set(names)) == len(places)
    assert names == [loaded_as(root, place) for place in places]


def test_a_pipeline_outside_the_project_can_be_loaded(write: Write, tmp_path: Path) -> None:
    root = write({"x": ""})
    (tmp_path / "pipeline.py").write_text(LATE.format(name="out"))
    (tmp_path / "helpers.py").write_text("NAME = 'out'")
    assert call(load_live(str(tmp_path / "pipeline.py"), str(root)), ref("out")) == "out"
    assert module_name(tmp_path / "pipeline.py", root).startswith("pivot_pipeline_")


def test_definitions_are_executed_where_stages_run(write: Write) -> None:
    root = write({"a/pipeline.py": "import os\nHERE = os.getcwd()\n" + LATE.format(name="a"), "a/helpers.py": ""})
    live = load_live(str(root / "a" / "pipeline.py"), str(root))
    assert live.get(ref("a"))["func"].__globals__["HERE"] == str(root / "a")
