from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from pivot.cli.opening import Scene, Selection
from pivot.cli.scope import Scope
from pivot.discovery.config import Config, RunConfig
from pivot.discovery.project import Project
from pivot.registry.definition import Manifest, StageDefinition
from pivot.registry.errors import DefinitionError
from pivot.registry.layout import state_dir_of
from pivot.registry.types import PipelineName, StageRef


class FakeView:
    """A pipeline as data."""

    def __init__(self, root: Path, stages: Iterable[StageDefinition]) -> None:
        self.name = PipelineName(root.name)
        self.root = root
        self.state_dir = state_dir_of(root)
        self._stages = list(stages)

    def definitions(self) -> list[StageDefinition]:
        return self._stages

    def manifest(self, ref: StageRef) -> Manifest:
        return Manifest({})

    def codes(self, ref: StageRef) -> Mapping[str, str]:
        return {}

    def sources(self, hashes: Iterable[str]) -> Mapping[str, str]:
        return {}

    def code_of(self, names: Iterable[str]) -> Mapping[str, str]:
        return {}


@pytest.fixture
def scene(tmp_path: Path, make_stage) -> Scene:
    """Two pipelines and a broken one, seen from the project's root."""
    files = {name: tmp_path / name / "pipeline.py" for name in ("a", "b", "broken")}
    shared = make_stage("a:clean", outs=["rows.csv"])
    return Scene(
        Project(tmp_path, Config(run=RunConfig(jobs=3)), tmp_path / "cache", {}),
        tmp_path,
        Scope(tmp_path, exact=False),
        {
            files["a"]: FakeView(tmp_path / "a", [shared]),
            # b includes a
            files["b"]: FakeView(tmp_path / "b", [make_stage("b:train"), shared]),
        },
        {files["broken"]: DefinitionError("no such module", where="broken/pipeline.py:1")},
    )


def at(scene: Scene, directory: str) -> Scene:
    """See it from the directory of a pipeline."""
    start = scene.project.root / directory
    return Scene(scene.project, start, Scope(start, exact=True), scene.views, scene.broken)


def chosen(scene: Scene, *words: str, everything: bool = False) -> list[str]:
    return [str(ref) for ref in scene.select(Selection(words, everything))]


def test_in_the_directory_of_a_pipeline_it_is_meant_with_what_it_includes(scene: Scene) -> None:
    assert chosen(at(scene, "a")) == ["a:clean"]
    assert chosen(at(scene, "b")) == ["b:train", "a:clean"]


def test_a_broken_pipeline_that_is_meant_is_an_error(scene: Scene) -> None:
    for seen in (scene, at(scene, "broken")):
        with pytest.raises(DefinitionError, match="no such module"):
            chosen(seen)
    with pytest.raises(DefinitionError, match="no such module"):
        chosen(at(scene, "a"), everything=True)


def test_a_stage_is_found_although_another_pipeline_is_broken(scene: Scene) -> None:
    assert chosen(scene, "b:train") == ["b:train"]


def test_a_name_that_is_not_found_may_be_in_the_broken_pipeline(scene: Scene) -> None:
    with pytest.raises(DefinitionError, match="no such module"):
        chosen(at(scene, "a"), "score")


def test_all_means_the_whole_project_from_anywhere(scene: Scene) -> None:
    near = at(scene, "a")
    whole = Scene(near.project, near.start, near.scope, near.views, broken={})
    assert chosen(whole, everything=True) == ["a:clean", "b:train"]


def test_all_and_names_exclude_each_other(scene: Scene) -> None:
    with pytest.raises(DefinitionError, match="exclude each other"):
        chosen(scene, "train", everything=True)


def test_no_pipeline_is_an_error_that_names_where_was_looked(scene: Scene) -> None:
    with pytest.raises(DefinitionError, match="no pipeline in") as caught:
        chosen(Scene(scene.project, scene.start, scene.scope, views={}, broken={}))
    assert str(scene.project.root) in caught.value.what


def test_a_parameter_of_an_unknown_stage_may_be_one_of_a_broken_pipeline(scene: Scene) -> None:
    assert scene.overrides(["train.rate=0.2"]) == {"b:train": {"rate": "0.2"}}
    with pytest.raises(DefinitionError, match="no such module"):
        scene.overrides(["tune.rate=0.2"])
    scene.broken = {}
    with pytest.raises(DefinitionError, match="there is no stage tune"):
        scene.overrides(["tune.rate=0.2"])


def test_the_engine_gets_the_settings_of_the_project(scene: Scene, tmp_path: Path) -> None:
    settings = scene.settings()
    assert settings.project_root == tmp_path
    assert settings.cache_root == tmp_path / "cache"
    assert settings.jobs == 3
    assert [way.value for way in settings.link] == ["reflink", "copy"]
