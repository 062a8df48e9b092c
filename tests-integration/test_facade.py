"""The names that the contract fixes, used from Python."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest

import pivot.engine
import pivot.executor.core
from outside import Project
from pivot import loaders, outputs
from pivot.discovery import discover_pipeline
from pivot.engine.engine import Engine
from pivot.pipeline import Pipeline
from pivot.pipeline.pipeline import Pipeline as SamePipeline
from pivot.registry import StageRegistry
from pivot.registry.errors import PivotError
from pivot.stage_def import StageParams


class TrainParams(StageParams):
    learning_rate: float = 0.01


class TrainOutputs(TypedDict):
    model: Annotated[dict[str, Any], outputs.Out("model.json", loaders.JSON())]
    metrics: Annotated[dict[str, Any], outputs.Metric("metrics.json")]


def train(params: TrainParams, rows: Annotated[list[int], outputs.Dep("rows.json", loaders.JSON())]) -> TrainOutputs:
    return {"model": {"rate": params.learning_rate}, "metrics": {"rows": len(rows)}}


def rows() -> Annotated[list[int], outputs.Out("rows.json", loaders.JSON())]:
    return [1, 2, 3]


def two_stages(root: Path, name: str = "model") -> Pipeline:
    """Give a pipeline whose stages live in this process."""
    root.mkdir(parents=True, exist_ok=True)
    pipeline = Pipeline(name, root=root)
    pipeline.register(rows)
    pipeline.register(train, params=TrainParams(learning_rate=0.1), mutex=["gpu"])
    return pipeline


def test_row_1_a_stage_carries_the_directory_of_its_state(tmp_path: Path) -> None:
    registry = StageRegistry()
    registry.register(rows, name="s", state_dir=tmp_path)
    registry.register(rows, name="bare")
    assert registry.get("s")["state_dir"] == tmp_path
    assert registry.get("bare")["state_dir"] is None


@pytest.mark.parametrize(("own", "used"), [("own", "own"), (None, "default")])
def test_row_2_a_worker_gets_the_stages_state_dir_else_the_default(tmp_path: Path, own: str | None, used: str) -> None:
    registry = StageRegistry()
    registry.register(rows, name="s", state_dir=tmp_path / own if own else None)
    assert pivot.engine.prepare_worker_info is pivot.executor.core.prepare_worker_info
    info = pivot.engine.prepare_worker_info(
        stage_info=registry.get("s"),
        overrides={},
        checkout_modes=(),
        run_id="r",
        force=False,
        no_commit=False,
        no_cache=False,
        project_root=tmp_path,
        default_state_dir=tmp_path / "default",
    )
    assert info["state_dir"] == tmp_path / used


def test_row_3_a_pipeline_infers_its_root_from_the_file_of_its_caller(tmp_path: Path) -> None:
    assert SamePipeline is Pipeline
    inferred = Pipeline("here")
    assert inferred.root == Path(__file__).resolve().parent
    given = Pipeline("there", root=tmp_path)
    assert (given.name, given.root, given.state_dir) == ("there", tmp_path, tmp_path / ".pivot")


def test_row_4_registration_goes_through_the_pipeline(tmp_path: Path) -> None:
    one, two = two_stages(tmp_path / "one", "one"), two_stages(tmp_path / "two", "two")
    assert list(one.list_stages()) == list(two.list_stages()) == ["rows", "train"]
    assert one.get("train")["func"] is train
    assert one.get("train")["state_dir"] == tmp_path / "one/.pivot"
    assert two.get("train")["state_dir"] == tmp_path / "two/.pivot"


def test_row_5_discovery_names_the_file_and_the_cause(tmp_path: Path) -> None:
    (tmp_path / "pipeline.py").write_text("import sys\nsys.exit()\n")
    with pytest.raises(PivotError, match=r"pipeline\.py") as told:
        discover_pipeline(tmp_path)
    assert type(told.value).__name__ == "DiscoveryError"


def test_row_7_the_engine_takes_a_pipeline(tmp_path: Path) -> None:
    pipeline = two_stages(tmp_path)
    with Engine(pipeline=pipeline) as engine:
        assert {str(node) for node in engine.graph.nodes} == {"model:rows", "model:train"}
        assert engine.run_once().ok
    assert (tmp_path / ".pivot/stages/train.lock").is_file()
    assert (tmp_path / "model.json").is_file()
    with Engine(pipeline=pipeline) as engine:
        assert {status.word for status in engine.status()} == {"fresh"}


def test_row_10_one_pipelines_run_leaves_the_other_alone(tmp_path: Path) -> None:
    one, two = two_stages(tmp_path / "p1", "one"), two_stages(tmp_path / "p2", "two")
    with Engine(pipeline=one) as engine:
        assert engine.run_once().ok
    assert (tmp_path / "p1/.pivot/stages/train.lock").is_file()
    assert list((tmp_path / "p2").iterdir()) == []
    assert list(two.list_stages()) == ["rows", "train"]


def test_row_12_including_is_a_snapshot_transitive_and_idempotent(tmp_path: Path) -> None:
    inner, middle, outer = (Pipeline(name, root=tmp_path / name) for name in ("inner", "middle", "outer"))
    inner.register(rows)
    middle.include(inner)
    middle.register(rows, name="more", out_path_overrides={"return": "more.json"})
    outer.include(middle)
    outer.include(inner)
    inner.register(rows, name="late", out_path_overrides={"return": "late.json"})
    found = {str(stage.ref): stage for stage in outer.definitions()}
    assert set(found) == {"inner:rows", "middle:more"}
    assert found["inner:rows"].root == tmp_path / "inner"
    assert found["inner:rows"].state_dir == tmp_path / "inner/.pivot"


def test_a_stage_is_a_plain_function() -> None:
    assert train(TrainParams(), [1, 2])["metrics"] == {"rows": 2}


GLOBALS = """
import importlib, pkgutil, sys
from pathlib import Path
import pivot

def containers():
    return {
        f"{module}.{name}": len(value)
        for module, loaded in list(sys.modules.items()) if module.startswith("pivot.")
        for name, value in vars(loaded).items()
        if isinstance(value, (dict, list, set, bytearray)) and not name.startswith("__")
    }

for found in pkgutil.walk_packages(pivot.__path__, "pivot."):
    if "template" not in found.name and not found.name.endswith("__main__"):
        importlib.import_module(found.name)
before = containers()

from typing import Annotated
from pivot import loaders, outputs
from pivot.engine.engine import Engine
from pivot.pipeline import Pipeline

def rows() -> Annotated[list, outputs.Out("rows.json", loaders.JSON())]:
    return [1]

pipeline = Pipeline("p", root=Path.cwd())
pipeline.register(rows)
with Engine(pipeline=pipeline) as engine:
    assert engine.run_once().ok
after = containers()
print({name: (before.get(name), size) for name, size in after.items() if before.get(name) != size})
"""


def test_row_9_no_module_keeps_what_one_pipeline_did(project: Project) -> None:
    project.write({"script.py": GLOBALS})
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=project.root, env=project.environment(), capture_output=True, text=True
    )
    assert done.stdout == "{}\n", done.stdout + done.stderr


def test_row_9_there_is_no_registry_and_no_root_to_import() -> None:
    for module in (pivot.engine, pivot.executor.core, sys.modules["pivot.registry"], sys.modules["pivot.pipeline"]):
        for name, value in vars(module).items():
            assert not isinstance(value, StageRegistry | Pipeline | Path), f"{module.__name__}.{name}"


SESSION = """
from pathlib import Path
from typing import Annotated

from pivot import loaders, outputs
from pivot.engine import Engine
from pivot.pipeline import Pipeline

FACTOR = 2
def helper(value): return value * FACTOR
def twice() -> Annotated[int, outputs.Out("twice.json", loaders.JSON())]: return helper(21)

pipeline = Pipeline("typed", root=Path.cwd())
pipeline.register(twice)

def told():
    with Engine(pipeline=pipeline) as engine:
        (done,) = engine.run_once().done.values()
    print(done.outcome, Path("twice.json").read_text().strip())

told()
told()
FACTOR = 3
told()
"""


def test_a_pipeline_typed_into_a_session_sees_what_the_session_changes(tmp_path: Path) -> None:
    """As a notebook does: there is no file, `__main__` has the code."""
    for last in ("ran 63", "restored 63"):
        done = subprocess.run([sys.executable, "-"], input=SESSION, cwd=tmp_path, capture_output=True, text=True)
        assert done.stderr == ""
        assert done.stdout.splitlines()[1:] == ["skipped 42", last]
