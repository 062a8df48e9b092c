"""What the type checker must refuse: each line is wrong, and an ignore that is not needed fails the test."""

from pathlib import Path

from pivot.loaders import JSON, MatplotlibFigure, PathOnly, Text
from pivot.outputs import Dep, IncrementalOut, Out
from pivot.pipeline import Pipeline
from pivot.pipeline.parts import Part
from pivot.registry.definition import Identity, StageDefinition
from pivot.registry.layout import state_dir_of
from pivot.registry.types import PipelineName, StageName, StageRef, StateDir

NAME, STAGE = PipelineName("p"), StageName("s")
REF = StageRef(NAME, STAGE)
ROOT = Path()
STATE = state_dir_of(ROOT)
pipeline = Pipeline("p")


def keeps(state_dir: StateDir) -> None: ...


keeps(STATE)
keeps(pipeline.state_dir)
keeps("p/.pivot")  # type: ignore[arg-type]
keeps(Path("p/.pivot"))  # type: ignore[arg-type]
keeps(pipeline.root)  # type: ignore[arg-type]
state_dir_of("p")  # type: ignore[arg-type]

StageRef("p", STAGE)  # type: ignore[arg-type]
StageRef(NAME, "s")  # type: ignore[arg-type]
StageRef(STAGE, NAME)  # type: ignore[arg-type]
StageRef(pipeline.name, pipeline.name)  # type: ignore[arg-type]
Part(NAME, ROOT, ROOT, {})  # type: ignore[arg-type]
StageDefinition(REF, ROOT, ROOT, (), (), {}, (), Identity("", ""), "")  # type: ignore[arg-type]
pipeline.live("s")  # type: ignore[arg-type]

REF.stage = NAME  # type: ignore[misc,assignment]
pipeline.name = NAME  # type: ignore[misc]
pipeline.root = ROOT  # type: ignore[misc]
pipeline.state_dir = STATE  # type: ignore[misc]

Dep("figure.png", MatplotlibFigure())  # type: ignore[arg-type]
IncrementalOut("figure.png", MatplotlibFigure())  # type: ignore[arg-type]
Dep("a.txt")  # type: ignore[call-arg]
Out("a.txt", Text)  # type: ignore[arg-type]
Dep(3, JSON())  # type: ignore[arg-type]
Out("a.txt", Text()).save(3, ROOT)  # type: ignore[arg-type]
Dep("a.txt", PathOnly()).loader.save(ROOT, ROOT)  # type: ignore[attr-defined]
pipeline.register("train")  # type: ignore[arg-type]
pipeline.register(keeps, state_dir=STATE)  # type: ignore[call-arg]
