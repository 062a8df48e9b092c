"""Rules for when definitions are executed again, and what snapshots give."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from blake3 import blake3

from pivot.discovery.catalogue import Found, Overrides, views, why_not
from pivot.discovery.project import open_project
from pivot.registry.definition import StageDefinition
from pivot.registry.types import PipelineName, StageName, StageRef

HEAD = """
from typing import Annotated
from pivot import outputs, loaders
from pivot.pipeline import Pipeline
Text = Annotated[str, outputs.Out("out.txt", loaders.Text())]
with open({trace!r}, "a") as file: file.write("x")
"""
SIMPLE = """
from helpers import shout
pipeline = Pipeline("p")
@pipeline.stage
def main() -> Text:
    return shout("x")
"""
PARAMS = """
from pivot.stage_def import StageParams
class Rate(StageParams):
    rate: float = 0.1
pipeline = Pipeline("p")
@pipeline.stage
def main(params: Rate) -> Text:
    return str(params.rate)
"""
LATER = 10**20


class World:
    """A project, and how often its pipeline files were executed."""

    def __init__(self, root: Path, trace: Path) -> None:
        self.root = root
        self._trace = trace
        self.environ: dict[str, str] = {}
        trace.touch()

    def write(self, files: Mapping[str, str]) -> None:
        """Write files; a pipeline.py leaves a trace whenever it is executed."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            head = HEAD.format(trace=str(self._trace)) if path.name == "pipeline.py" else ""
            path.write_text(head + text)

    def loads(self) -> int:
        """Count executions since the last call."""
        count = len(self._trace.read_text())
        self._trace.write_text("")
        return count

    def look(self, overrides: Overrides | None = None) -> Found:
        """Do what a command does, long after everything was written."""
        return views(open_project(self.root, self.environ), overrides=overrides, clock=lambda: LATER)

    def stages(self, overrides: Overrides | None = None) -> dict[str, StageDefinition]:
        """Look, and give all stages by name."""
        found = self.look(overrides)
        assert not found.errors
        return {str(stage.ref): stage for view in found.views.values() for stage in view.definitions()}

    def code(self, name: str = "p:main") -> str:
        """Look, and give the identity of a stage."""
        return self.stages()[name].identity.code


@pytest.fixture
def world(root: Path, tmp_path: Path) -> World:
    """Give a project with one simple pipeline."""
    made = World(root, tmp_path / "trace")
    made.write({"pipeline.py": SIMPLE, "helpers.py": "def shout(x): return x + '!'\ndef other(): pass\n"})
    return made


def test_the_second_command_executes_nothing(world: World) -> None:
    first = world.stages()
    assert world.loads() == 1
    assert world.stages() == first
    assert world.loads() == 0


def test_a_definition_is_whole(world: World) -> None:
    stage = world.stages()["p:main"]
    assert (stage.root, stage.state_dir, stage.place) == (world.root, world.root / ".pivot", "pipeline.py:10")
    assert stage.origin is not None
    assert stage.origin.args == (str(world.root / "pipeline.py"), str(world.root))
    assert [output.paths for output in stage.outputs] == [("out.txt",)]
    assert stage.identity.python.startswith("3.")


@pytest.mark.parametrize("change", ["touch", "rewrite", "outputs", "bytecode", "elsewhere"])
def test_what_changes_nothing_executes_nothing(world: World, change: str) -> None:
    before = world.stages()
    world.loads()
    if change == "touch":
        os.utime(world.root / "helpers.py", ns=(7, 7))
        os.utime(world.root / "pipeline.py", ns=(7, 7))
    elif change == "rewrite":
        text = (world.root / "pipeline.py").read_text()
        (world.root / "pipeline.py").unlink()
        (world.root / "pipeline.py").write_text(text)
    elif change == "outputs":
        world.write({"out.txt": "x", "data/rows.csv": "x"})
    elif change == "bytecode":
        (world.root / "__pycache__").mkdir(exist_ok=True)
    else:
        world.environ["UNRELATED"] = "1"
        world.write({"notes/unrelated.py": "import helpers"})
    assert world.stages() == before
    assert world.loads() == 0


def test_a_touched_file_is_hashed_only_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not from where the tests run: coverage writes there meanwhile, and a folder that changed is looked through again.
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in ("", os.getcwd())])
    world.stages()
    snapshot = snapshots(world)[0]
    os.utime(world.root / "helpers.py", ns=(7, 7))
    world.stages()
    refreshed = snapshot.read_bytes()
    assert b"7,7" in refreshed or b"[7," in refreshed
    world.stages()
    assert snapshot.read_bytes() == refreshed


def test_an_edit_is_seen_even_if_size_and_time_are_kept(world: World) -> None:
    helpers = world.root / "helpers.py"
    os.utime(helpers, ns=(7, 7))
    before = world.code()
    helpers.write_text(helpers.read_text().replace("'!'", "'?'"))
    os.utime(helpers, ns=(7, 7))
    after = world.code()
    assert after != before
    helpers.write_text(helpers.read_text().replace("'?'", "'!'"))
    os.utime(helpers, ns=(7, 7))
    assert world.code() == before


def test_a_comment_executes_nothing_and_changes_nothing(world: World) -> None:
    before = world.code()
    world.loads()
    for name in ("helpers.py", "pipeline.py"):
        (world.root / name).write_text((world.root / name).read_text() + "\n# a comment\n")
    assert world.code() == before
    assert world.loads() == 0


def test_an_edit_of_the_pipeline_is_executed(world: World) -> None:
    world.stages()
    world.loads()
    world.write({"pipeline.py": SIMPLE.replace('"p"', '"q"')})
    assert list(world.stages()) == ["q:main"]
    assert world.loads() == 1


def test_a_constant_that_definitions_use_is_executed(world: World) -> None:
    loop = "for name in NAMES: pipeline.register(main, name, out_path_overrides={'return': name})"
    world.write({
        "pipeline.py": f"from settings import NAMES\n{SIMPLE}{loop}",
        "settings.py": "NAMES = ['a', 'b']",
    })  # fmt: skip
    assert sorted(world.stages()) == ["p:a", "p:b", "p:main"]
    world.write({"settings.py": "NAMES = ['a', 'c']"})
    assert sorted(world.stages()) == ["p:a", "p:c", "p:main"]


def test_a_file_that_definitions_read_is_executed_again_when_it_changes(world: World) -> None:
    world.write({
        "pipeline.py": "import json\nname = json.load(open('settings.json'))\npipeline = Pipeline(name)",
        "settings.json": '"a"',
    })  # fmt: skip
    assert [view.name for view in world.look().views.values()] == ["a"]
    assert world.loads() == 1
    assert [view.name for view in world.look().views.values()] == ["a"]
    assert world.loads() == 0
    world.write({"settings.json": '"b"'})
    assert [view.name for view in world.look().views.values()] == ["b"]
    assert world.loads() == 1


def test_a_directory_that_definitions_list_is_executed_again_when_a_name_comes(world: World) -> None:
    world.write({
        "pipeline.py": "import os\npipeline = Pipeline('n' + str(len(os.listdir('tables'))))",
        "tables/a.csv": "",
    })  # fmt: skip
    assert [view.name for view in world.look().views.values()] == ["n1"]
    world.write({"tables/a.csv": "other content"})
    world.look()
    assert world.loads() == 1
    world.write({"tables/b.csv": ""})
    assert [view.name for view in world.look().views.values()] == ["n2"]
    assert world.loads() == 1


def test_a_file_that_definitions_asked_for_is_executed_again_when_it_appears(world: World) -> None:
    world.write({"pipeline.py": "import os\npipeline = Pipeline('yes' if os.path.exists('flag') else 'no')"})
    assert [view.name for view in world.look().views.values()] == ["no"]
    world.write({"flag": ""})
    assert [view.name for view in world.look().views.values()] == ["yes"]
    (world.root / "flag").unlink()
    assert [view.name for view in world.look().views.values()] == ["no"]


def test_a_variable_that_definitions_read_is_executed_again_when_it_changes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write({"pipeline.py": "import os\npipeline = Pipeline(os.environ.get('PIPELINE_NAME', 'none'))"})
    for value in ("none", "a", "a", "b"):
        if value != "none":
            monkeypatch.setenv("PIPELINE_NAME", value)
            world.environ["PIPELINE_NAME"] = value
        assert [view.name for view in world.look().views.values()] == [value]
    assert world.loads() == 3


def test_a_module_that_comes_before_another_is_seen(world: World) -> None:
    world.write({"a/pipeline.py": SIMPLE.replace('"p"', '"a"')})
    before = world.code("a:main")
    world.write({"a/helpers.py": "def shout(x): return x + '?'"})
    assert world.code("a:main") != before
    (world.root / "a" / "helpers.py").unlink()
    assert world.code("a:main") == before


def test_a_module_loaded_by_a_computed_name_is_seen(world: World) -> None:
    world.write({
        "pipeline.py": "import importlib as i\nname = i.import_module('sett' + 'ings').NAME\npipeline = Pipeline(name)",
        "settings.py": "NAME = 'a'",
    })  # fmt: skip
    assert [view.name for view in world.look().views.values()] == ["a"]
    world.write({"settings.py": "NAME = 'b'"})
    assert [view.name for view in world.look().views.values()] == ["b"]


@pytest.mark.parametrize("name", ["query.sql", "queries/one.sql"])
def test_a_file_that_a_stage_depends_on_by_declaration_is_watched(world: World, name: str) -> None:
    depends = f"pipeline.register(main, 'asks', out_path_overrides={{'return': 'a'}}, depends=[{name.split('/')[0]!r}])"
    world.write({"pipeline.py": f"{SIMPLE}{depends}", name: "select 1"})
    before = world.stages()
    world.write({name: "select 2"})
    after = world.stages()
    assert after["p:asks"].identity != before["p:asks"].identity
    assert after["p:main"].identity == before["p:main"].identity


def test_an_installed_module_without_metadata_is_watched(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "import plain\n" + SIMPLE.replace('"x"', "plain.X")
    world.write({"lib/site-packages/plain.py": "X = 1", "pipeline.py": source})
    monkeypatch.syspath_prepend(str(world.root / "lib" / "site-packages"))
    before = world.code()
    world.write({"lib/site-packages/plain.py": "X = 2"})
    assert world.code() != before


def test_another_version_of_an_installed_package_is_seen(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    site, source = "lib/site-packages", "import dep\n" + SIMPLE.replace('"x"', "dep.X")
    world.write({
        f"{site}/dep.py": "X = 1", f"{site}/dep-1.0.dist-info/METADATA": "Name: dep\nVersion: 1.0\n",
        f"{site}/dep-1.0.dist-info/RECORD": "dep.py,,\n", "pipeline.py": source,
    })  # fmt: skip
    monkeypatch.syspath_prepend(str(world.root / site))
    before = world.code()
    assert world.code() == before
    (world.root / site / "dep-1.0.dist-info").rename(world.root / site / "dep-2.0.dist-info")
    assert world.code() != before


def test_parameters_beside_the_pipeline_are_applied_and_watched(world: World) -> None:
    world.write({"pipeline.py": PARAMS})
    assert world.stages()["p:main"].params == {"rate": 0.1}
    world.write({"params.yaml": "main: {rate: 0.2}"})
    assert world.stages()["p:main"].params == {"rate": 0.2}
    world.write({"params.yaml": "main: {rate: 0.3}"})
    assert world.stages()["p:main"].params == {"rate": 0.3}
    (world.root / "params.yaml").unlink()
    assert world.stages()["p:main"].params == {"rate": 0.1}


def test_overrides_hold_for_one_command(world: World) -> None:
    world.write({"pipeline.py": PARAMS})
    before = world.stages()
    assert world.stages({"p:main": {"rate": 0.5}})["p:main"].params == {"rate": 0.5}
    assert world.stages() == before


def test_overrides_load_only_the_pipelines_that_they_mean(world: World) -> None:
    world.write({"pipeline.py": PARAMS, "a/pipeline.py": SIMPLE.replace('"p"', '"a"')})
    world.stages()
    world.loads()
    world.stages({"p:main": {"rate": 0.5}})
    assert world.loads() == 1


def test_a_wrong_override_is_an_error_of_that_pipeline(world: World) -> None:
    world.write({"pipeline.py": PARAMS})
    found = world.look({"p:main": {"rat": 0.5}})
    assert [str(file.name) for file in found.errors] == ["pipeline.py"]


def test_a_yaml_pipeline_has_a_snapshot_too(world: World) -> None:
    (world.root / "pipeline.py").unlink()
    world.write({
        "pivot.yaml": "pipeline: y\nstages:\n  main: {python: steps.main, outs: {return: o.txt}}\n",
        "steps.py": "def main() -> str: return 'x'",
    })  # fmt: skip
    before = world.code("y:main")
    world.write({"steps.py": "def main() -> str: return 'y'"})
    assert world.code("y:main") != before
    world.write({"pivot.yaml": "pipeline: z\nstages:\n  main: {python: steps.main, outs: {return: o.txt}}\n"})
    assert list(world.stages()) == ["z:main"]


def test_what_is_broken_is_told_and_the_rest_is_there(world: World) -> None:
    world.write({"a/pipeline.py": "1/0", "b/pipeline.py": "", "b/pivot.yaml": "stages: {}"})
    found = world.look()
    assert [file.parent.name for file in found.views] == [world.root.name]
    told = {str(file.relative_to(world.root)): str(error) for file, error in found.errors.items()}
    assert "ZeroDivisionError" in told["a/pipeline.py"]
    assert "both" in told["b/pipeline.py"]
    assert "both" in told["b/pivot.yaml"]


def test_two_pipelines_of_one_name_are_an_error_that_names_both(world: World) -> None:
    world.write({"a/pipeline.py": SIMPLE, "b/pipeline.py": SIMPLE.replace('"p"', '"b"')})
    found = world.look()
    assert [view.name for view in found.views.values()] == ["b"]
    assert {file.parent.name for file in found.errors} == {"a", world.root.name}
    for error in found.errors.values():
        assert "pipeline.py" in error.what
        assert "a/pipeline.py" in error.what


def test_what_was_mended_works_again(world: World) -> None:
    world.look()
    world.write({"helpers.py": "def shout(x): return ("})
    assert len(world.look().errors) == 1
    world.write({"helpers.py": "def shout(x): return x + '!'\ndef other(): pass\n"})
    assert world.look().errors == {}


def test_some_files_can_be_asked_for(world: World) -> None:
    world.write({"a/pipeline.py": SIMPLE.replace('"p"', '"a"')})
    project = open_project(world.root, {})
    assert [view.name for view in views(project, [world.root / "a" / "pipeline.py"]).views.values()] == ["a"]


def test_a_pipeline_comes_before_those_that_include_it(world: World) -> None:
    including = "from z.pipeline import pipeline as z\n" + SIMPLE.replace('"p"', '"a"') + "pipeline.include(z)\n"
    world.write({"a/pipeline.py": including, "z/pipeline.py": SIMPLE.replace('"p"', '"z"')})
    found = world.look()
    assert [view.name for view in found.views.values()] == ["p", "z", "a"]
    a, z = found.views[world.root / "a" / "pipeline.py"], found.views[world.root / "z" / "pipeline.py"]
    assert [str(stage.ref) for stage in a.definitions()] == ["a:main", "z:main"]
    assert a.definitions()[1] == z.definitions()[0]


def test_an_included_pipeline_has_its_own_neighbours_and_they_are_watched(world: World) -> None:
    including = (
        "from z.pipeline import pipeline as z\nimport steps\n" + SIMPLE.replace('"p"', '"a"') + "pipeline.include(z)\n"
    )
    included = "import steps\n" + SIMPLE.replace('"p"', '"z"').replace('"x"', "steps.X")
    world.write({
        "a/pipeline.py": including, "a/steps.py": "X = 1", "z/pipeline.py": included, "z/steps.py": "X = '1'",
    })  # fmt: skip
    before = world.code("z:main"), world.code("a:main")
    world.write({"z/steps.py": "X = '2'"})
    assert world.code("z:main") != before[0]
    assert world.code("a:main") == before[1]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import time\nNOW = time.time()", "pipeline.py:"),
        ("import random\nX = random.random()", "pipeline.py:"),
        ("import uuid\nX = uuid.uuid4()", "pipeline.py:"),
        ("import subprocess\nsubprocess.run(['true'])", "true"),
    ],
)
def test_definitions_that_may_come_out_otherwise_are_executed_every_time(
    world: World, source: str, reason: str
) -> None:
    world.write({"pipeline.py": source + "\n" + SIMPLE})
    assert world.stages() == world.stages()
    assert world.loads() == 2
    told = dict(why_not(open_project(world.root, {})))
    assert reason in told[world.root / "pipeline.py"]


def test_values_that_cannot_be_identified_are_told(world: World) -> None:
    source = "letters = (letter for letter in 'ab')\npipeline = Pipeline('p')\ndef main() -> Text: return 'x'\n"
    world.write({"pipeline.py": source + "pipeline.register(main, depends=[letters])"})
    world.stages()
    told = dict(why_not(open_project(world.root, {})))
    assert "cannot identify" in told[world.root / "pipeline.py"]


def test_of_others_there_is_nothing_to_tell(world: World) -> None:
    world.stages()
    assert list(why_not(open_project(world.root, {}))) == []


def test_a_file_written_while_it_was_read_is_read_again_by_the_next_command(world: World) -> None:
    now = (world.root / "helpers.py").stat().st_ctime_ns
    project = open_project(world.root, {})
    views(project, clock=lambda: now)
    views(project, clock=lambda: now)
    assert world.loads() == 2
    assert list(why_not(project)) == []


def snapshots(world: World) -> list[Path]:
    """Give the files of snapshots, first halves first."""
    local = world.root / ".pivot" / "local"
    found = [path for path in local.glob("*.json") if path.name not in {"config.json", "directories.json"}]
    return sorted(found, key=lambda path: path.name.count("."))


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "flipped", "directory", "foreign"])
def test_a_damaged_snapshot_is_no_snapshot(world: World, half: int, damage: str) -> None:
    before = world.stages()
    path = snapshots(world)[half]
    content = path.read_bytes()
    path.unlink()
    if damage == "directory":
        path.mkdir()
    elif damage != "missing":
        flipped = bytes([*content[:-5], content[-5] ^ 1, *content[-4:]])
        path.write_bytes({"empty": b"", "cut": content[:-9], "flipped": flipped, "foreign": b"{}"}[damage])
    assert world.stages() == before
    world.write({"helpers.py": "def shout(x): return x + '?'"})
    after = world.stages()
    assert after["p:main"].identity.code != before["p:main"].identity.code
    manifest = next(iter(world.look().views.values())).manifest(after["p:main"].ref)
    assert manifest.entries


def test_a_project_that_cannot_be_written_works(world: World) -> None:
    (world.root / ".pivot" / "local").write_text("a file in the way")
    assert world.stages() == world.stages()
    assert world.loads() == 2


def test_a_moved_project_is_read_anew_and_has_the_same_identities(world: World, tmp_path: Path) -> None:
    before = world.code()
    moved = World(tmp_path / "moved", tmp_path / "trace")
    world.root.rename(moved.root)
    assert moved.code() == before


def test_another_setting_of_the_environment_is_another_snapshot(world: World) -> None:
    assert world.stages()["p:main"].identity.python
    world.write({".pivot/config.yaml": "identity: {environment: off}"})
    assert not world.stages()["p:main"].identity.python


def test_manifests_name_the_code(world: World) -> None:
    for _ in range(2):
        view = next(iter(world.look().views.values()))
        manifest = view.manifest(StageRef(PipelineName("p"), StageName("main")))
        assert "helpers.shout" in manifest.entries
        assert "helpers.other" not in manifest.entries
        code = manifest.entries["helpers.shout"].hash
        assert view.sources([code])[code].startswith("def shout(x)")


def test_workers_are_told_of_files_that_were_edited_just_now_as_they_are(world: World) -> None:
    world.look()
    world.write({"helpers.py": "def shout(x): return x + '?'\ndef other(): pass\n"})
    found = views(open_project(world.root, {}), clock=lambda: 0)
    files = next(iter(found.views.values())).code_files()
    assert files[str(world.root / "helpers.py")].digest == blake3((world.root / "helpers.py").read_bytes()).hexdigest()
    assert world.loads() == 1


def test_code_seen_at_run_time_is_identified_and_remembered(world: World) -> None:
    view = next(iter(world.look().views.values()))
    first = view.code_of(["helpers:other", "gone:nothing", "helpers"])
    assert first["gone:nothing"] == "absent"
    assert first["helpers:other"] != "absent"
    assert next(iter(world.look().views.values())).code_of(list(first)) == first
    world.write({"helpers.py": "def shout(x): return x + '!'\ndef other(): return 1\n"})
    again = next(iter(world.look().views.values())).code_of(list(first))
    assert again["helpers:other"] != first["helpers:other"]
    world.write({"gone.py": "def nothing(): pass"})
    assert next(iter(world.look().views.values())).code_of(["gone:nothing"])["gone:nothing"] != "absent"


HEAVY = {
    "sqlite3",
    "pydantic",
    "yaml",
    "numpy",
    "pandas",
    "networkx",
    "cloudpickle",
    "loky",
    "rich",
    "pivot.fingerprint.analysis",
}


@pytest.mark.usefixtures("bare_interpreters")
def test_an_up_to_date_command_imports_nothing_heavy_and_nothing_of_the_users(world: World) -> None:
    world.write({"pipeline.py": "import sqlite3\n" + SIMPLE, ".pivot/config.yaml": "run: {jobs: 2}"})
    os.utime(world.root / ".pivot" / "config.yaml", ns=(7, 7))
    code = (
        "import json, pathlib, sys; from pivot.discovery import open_project, views;"
        "found = views(open_project(pathlib.Path(sys.argv[1]), {}), clock=lambda: 10**20);"
        "names = [stage.ref.stage for view in found.views.values() for stage in view.definitions()];"
        "print(json.dumps([names, sorted(sys.modules)]))"
    )
    found = [
        json.loads(subprocess.run([sys.executable, "-c", code, world.root], capture_output=True, check=True).stdout)
        for _ in range(2)
    ]
    assert [names for names, _ in found] == [["main"], ["main"]]
    assert "sqlite3" in found[0][1]
    assert not {*HEAVY, "helpers"} & set(found[1][1])
    assert world.loads() == 1
