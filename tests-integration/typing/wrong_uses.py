"""What the type checker must refuse between the packages: each ignore below is needed, or the test fails."""

from pathlib import Path

from pivot.cache import Cache, CacheRoot, Digest, Link
from pivot.engine import Engine, EngineSettings, RunOptions
from pivot.executor.state import StageState, claim, state_of
from pivot.executor.trace import Artifact, Trace
from pivot.pipeline import Pipeline
from pivot.registry.definition import StageDefinition
from pivot.registry.layout import state_dir_of
from pivot.registry.types import PipelineName, StageName, StageRef

ROOT = Path()
STATE = state_dir_of(ROOT)
CACHE = CacheRoot(ROOT)
REF = StageRef(PipelineName("p"), StageName("s"))
pipeline = Pipeline("p")


def right(stage: StageDefinition, trace: Trace) -> None:
    state_of(stage).record(trace)
    Engine(pipeline=pipeline, settings=EngineSettings(ROOT, CACHE))


def wrong(stage: StageDefinition, trace: Trace) -> None:
    state_of(STATE)  # type: ignore[arg-type]
    state_of(REF)  # type: ignore[arg-type]
    state_of(stage).record("train", trace)  # type: ignore[call-arg,arg-type]
    StageState(REF, ROOT)  # type: ignore[arg-type]
    StageState(STATE, REF)  # type: ignore[arg-type]
    claim(STATE)  # type: ignore[arg-type]
    EngineSettings(ROOT, STATE)  # type: ignore[arg-type]
    EngineSettings(ROOT, ROOT)  # type: ignore[arg-type]
    EngineSettings(ROOT, CACHE, link=(Link,))  # type: ignore[arg-type]
    Engine(pipeline=ROOT)  # type: ignore[arg-type]
    Engine(pipeline=pipeline, settings=CACHE)  # type: ignore[arg-type]
    RunOptions(targets=(), jobs="2")  # type: ignore[arg-type]
    Artifact("b3:00", 0)  # type: ignore[arg-type]
    Artifact(Digest("b3:00"), "0")  # type: ignore[arg-type]
    Cache(CACHE).put(REF)  # type: ignore[arg-type]
    trace.outs["x"] = Artifact(Digest("b3:00"), 0)  # type: ignore[index]
