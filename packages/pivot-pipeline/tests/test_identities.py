"""From registered stages to definitions: what identifies the code of each."""

import importlib
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pivot.fingerprint.analysis import Options
from pivot.fingerprint.imports import ImportPath
from pivot.fingerprint.summaries import Summaries
from pivot.pipeline import Pipeline
from pivot.pipeline.identities import ABSENT, Identities, Surroundings, pinned, python_version
from pivot.registry.definition import Origin, StageDefinition
from pivot.registry.types import PipelineName, StageName, StageRef

Project = Callable[[Mapping[str, str]], Path]

CODE = """
from __future__ import annotations
from dataclasses import dataclass
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline
from pivot.stage_def import StageParams
import {helper}

pipeline = Pipeline("{name}")

class Params(StageParams):
    rate: float = {rate}

@dataclass(frozen=True)
class Shout(loaders.Loader[str]):
    sign: str = "!"
    def load(self, path): return path.read_text() + self.sign
    def save(self, value, path): path.write_text(value + self.sign)

def train(params: Params) -> Annotated[str, outputs.Out("out.txt", {loader})]:
    return {helper}.help()

def other() -> None: ...

pipeline.register(train{options})
pipeline.register(other)
"""


@pytest.fixture
def identify(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, StageDefinition]]:
    """Define a pipeline in a fresh directory, as a fresh process would see it."""

    def run(helper: str = "def help(): return 'a'", **fills: str) -> dict[str, StageDefinition]:
        made = imported(project, monkeypatch, helper, **fills)
        return {stage.ref.stage: stage for stage in made.definitions(surroundings(made.root))}

    return run


def imported(project: Project, monkeypatch: pytest.MonkeyPatch, helper: str, **fills: str) -> Pipeline:
    values = {"name": "model", "helper": "ident_helper", "rate": "1.0", "loader": "Shout()", "options": "", **fills}
    root = project({"ident_pipeline.py": CODE.format(**values), "ident_helper.py": helper})
    monkeypatch.syspath_prepend(str(root))
    for name in ("ident_pipeline", "ident_helper"):
        sys.modules.pop(name, None)
    made = importlib.import_module("ident_pipeline").pipeline
    assert isinstance(made, Pipeline)
    return made


def surroundings(project: Path, **changes: str) -> Surroundings:
    return Surroundings(tuple(sys.path), {}, project, **changes)


def test_an_identity_does_not_depend_on_where_the_project_lies(
    identify: Callable[..., dict[str, StageDefinition]],
) -> None:
    assert identify()["train"].identity == identify()["train"].identity


@pytest.mark.parametrize(
    "fills",
    [
        {"helper": "def help(): return 'b'"},
        {"loader": "Shout('?')"},
        {"loader": "loaders.JSON(indent=None)"},
        {"options": ", version='2'"},
        {"options": ", depends=[3]"},
    ],
)
def test_what_a_stage_reaches_counts(
    identify: Callable[..., dict[str, StageDefinition]], fills: dict[str, str]
) -> None:
    before, after = identify(), identify(**fills) if "helper" not in fills else identify(fills["helper"])
    assert before["train"].identity.code != after["train"].identity.code


def test_a_definition_says_all_that_travels(identify: Callable[..., dict[str, StageDefinition]]) -> None:
    found = identify()["train"]
    assert found.ref == StageRef(PipelineName("model"), StageName("train"))
    assert found.params == {"rate": 1.0}
    assert found.place.startswith("ident_pipeline.py:")
    assert (found.origin, found.identity.python) == (None, python_version("versions"))
    assert found.identity.unknown == ()


def test_a_manifest_and_sources_explain_an_identity(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    made = imported(project, monkeypatch, "def help(): return 'a'")
    ref = made.definitions(surroundings(made.root))[0].ref
    manifest = made.manifest(ref)
    assert "ident_helper.help" in manifest.entries
    hashes = [entry.hash for entry in manifest.entries.values()]
    assert any("return 'a'" in text for text in made.sources(hashes).values())


def test_code_is_identified_by_name(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    made = imported(project, monkeypatch, "def help(): return 'a'")
    found = made.code_of(["ident_helper:help", "ident_helper", "ident_gone:f"])
    assert found["ident_gone:f"] == ABSENT
    assert ABSENT not in (found["ident_helper:help"], found["ident_helper"])


def test_each_pipeline_finds_the_modules_beside_it(project: Project) -> None:
    helper, code = "def help(): return {!r}", "def train():\n    import helpers\n    return helpers.help()\n"
    files = {f"{name}/steps_{name}.py": code for name in "ab"} | {
        f"{name}/helpers.py": helper.format(name) for name in "ab"
    }
    root = project(files)
    made = [_registered(root / name, f"steps_{name}", name) for name in "ab"]
    made[0].include(made[1])
    entries = (str(root / "a"), str(root), *sys.path)
    origin = Origin("m:f", ())
    identities = Identities(
        made[0].parts(), ImportPath(entries), Summaries(None), {}, Options(), {PipelineName("b"): origin}, root
    )
    paths = [identities.imports_of(part).entries[:2] for part in made[0].parts()]
    assert paths == [(str(root / "a"), str(root)), (str(root / "b"), str(root))]
    first, second = identities.definitions()
    assert (first.origin, second.origin) == (None, origin)
    assert second.state_dir == root / "b/.pivot"
    (root / "b/helpers.py").write_text(helper.format("c"))
    later = Identities(made[0].parts(), ImportPath(entries), Summaries(None), {}, Options(), {}, root).definitions()
    assert [stage.identity.code for stage in later] == [first.identity.code, later[1].identity.code]
    assert later[1].identity.code != second.identity.code


def _registered(root: Path, module: str, name: str) -> Pipeline:
    made = Pipeline(name, root)
    space: dict[str, object] = {"__name__": module, "__file__": str(root / f"{module}.py")}
    exec(compile((root / f"{module}.py").read_text(), str(root / f"{module}.py"), "exec"), space)
    made.register(space["train"])  # type: ignore[arg-type]
    return made


def test_a_module_that_no_search_finds_is_pinned_under_a_label(project: Project) -> None:
    root = project({"steps.py": "def train(): ...", "sub/steps.py": "def train(): ..."})
    main = Pipeline("a", root)
    space: dict[str, object] = {"__name__": "__main__", "__file__": str(root / "steps.py")}
    exec(compile("def train(): ...", str(root / "steps.py"), "exec"), space)
    main.register(space["train"])  # type: ignore[arg-type]
    sub = _registered(root / "sub", "steps", "b")
    inside = Pipeline("c", root / "sub")
    space = {"__name__": "sub.steps", "__file__": str(root / "sub/steps.py")}
    exec(compile("def train(): ...", str(root / "sub/steps.py"), "exec"), space)
    inside.register(space["train"])  # type: ignore[arg-type]
    entries = (str(root),)
    assert pinned(main.parts(), entries) == (("__main__", str(root / "steps.py"), "steps"),)
    assert pinned(sub.parts(), entries) == (("steps", str(root / "sub/steps.py"), "steps"),)
    assert pinned(sub.parts(), (str(root / "sub"),)) == ()
    assert pinned(inside.parts(), entries) == (("sub.steps", str(root / "sub/steps.py"), "steps"),)


def test_what_is_not_written_in_a_file_is_not_pinned(tmp_path: Path) -> None:
    made = Pipeline("a", tmp_path)
    made.register(os.getcwd)
    assert pinned(made.parts(), ()) == ()


def test_python_counts_unless_the_environment_does_not() -> None:
    assert python_version("versions").startswith(f"{sys.version_info[0]}.{sys.version_info[1]}")
    assert python_version("off") == ""


def test_the_surroundings_are_those_of_the_process() -> None:
    here = Surroundings.here()
    assert here.search_path == tuple(sys.path)
    assert here.environ is os.environ


def test_without_a_word_the_project_is_found(tmp_path: Path) -> None:
    made = Pipeline("a", tmp_path)
    assert list(made.definitions()) == []
