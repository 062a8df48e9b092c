"""Rules for a discovered pipeline: what its stages are to other processes."""

from collections.abc import Callable
from pathlib import Path

from pivot.discovery import discover_pipeline, load_live, open_project, views
from pivot.pipeline import Pipeline

Write = Callable[[dict[str, str]], Path]

SOURCE = """
from typing import Annotated
from pivot import outputs, loaders
from pivot.pipeline import Pipeline
from helpers import NAME
pipeline = Pipeline(NAME)
@pipeline.stage
def main() -> Annotated[str, outputs.Out("out.txt", loaders.Text())]:
    return NAME
"""


def discovered(directory: Path) -> Pipeline:
    found = discover_pipeline(directory)
    assert found is not None
    return found


def test_other_processes_can_load_its_stages(write: Write) -> None:
    root = write({"a/pipeline.py": SOURCE, "a/helpers.py": "NAME = 'a'"})
    (stage,) = discovered(root / "a").definitions()
    assert stage.origin is not None
    live = load_live(*stage.origin.args)
    with live.active():
        assert live.get(stage.ref)["func"]() == "a"


def test_its_stages_are_those_of_the_project(write: Write) -> None:
    root = write({"a/pipeline.py": SOURCE, "a/helpers.py": "NAME = 'a'"})
    pipeline = discovered(root / "a")
    view = views(open_project(root)).views[root / "a" / "pipeline.py"]
    assert list(pipeline.definitions()) == list(view.definitions())
    ref = pipeline.definitions()[0].ref
    entries = view.manifest(ref).entries
    assert pipeline.manifest(ref).entries == entries
    assert pipeline.codes(ref) == view.codes(ref) == {name: entry.hash for name, entry in entries.items()}


def test_included_stages_come_from_their_own_file(write: Write) -> None:
    including = "from a.pipeline import pipeline as other\n" + SOURCE + "pipeline.include(other)\n"
    root = write({
        "a/pipeline.py": SOURCE, "a/helpers.py": "NAME = 'a'",
        "b/pipeline.py": including, "b/helpers.py": "NAME = 'b'",
    })  # fmt: skip
    pipeline = discovered(root / "b")
    files = {str(stage.ref): stage.origin.args[0] for stage in pipeline.definitions() if stage.origin}
    assert files == {"b:main": str(root / "b" / "pipeline.py"), "a:main": str(root / "a" / "pipeline.py")}


def test_stages_that_are_added_later_live_in_this_process_only(write: Write) -> None:
    root = write({"a/pipeline.py": SOURCE, "a/helpers.py": "NAME = 'a'"})
    pipeline = discovered(root / "a")
    pipeline.register(pipeline.get("main")["func"], "again", out_path_overrides={"return": "other.txt"})
    assert [stage.origin for stage in pipeline.definitions()] == [None, None]
