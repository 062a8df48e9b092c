"""What the tests of the command share: stages as data, a console that remembers, the command in this process."""

import io
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from pivot.cli.console import Console, Stream
from pivot.registry.definition import Identity, Input, Output, StageDefinition
from pivot.registry.layout import state_dir_of
from pivot.registry.types import PipelineName, StageName, StageRef

MakeStage = Callable[..., StageDefinition]


def ref(name: str) -> StageRef:
    """Turn `model:train` into a reference."""
    pipeline, _, stage = name.partition(":")
    return StageRef(PipelineName(pipeline), StageName(stage))


@pytest.fixture
def make_stage(tmp_path: Path) -> MakeStage:
    """Make a stage `pipeline:stage` whose pipeline lies in a directory of its name."""

    def make(name: str, ins: Iterable[str] = (), outs: Iterable[str] = ()) -> StageDefinition:
        who = ref(name)
        root = tmp_path / who.pipeline
        return StageDefinition(
            ref=who,
            root=root,
            state_dir=state_dir_of(root),
            inputs=tuple(Input(f"arg{index}", (path,)) for index, path in enumerate(ins)),
            outputs=tuple(Output(f"out{index}", (path,)) for index, path in enumerate(outs)),
            params={},
            mutex=(),
            identity=Identity("0" * 64, "3.13"),
            place=f"{who.pipeline}/pipeline.py:7",
        )

    return make


class Recorded(Console):
    """A console whose text can be read back."""

    @property
    def stdout(self) -> str:
        assert isinstance(self.out.file, io.StringIO)
        return self.out.file.getvalue()

    @property
    def stderr(self) -> str:
        assert isinstance(self.err.file, io.StringIO)
        return self.err.file.getvalue()


@pytest.fixture
def recorded() -> Callable[..., Recorded]:
    """Make a console that remembers."""

    def make(verbosity: int = 0, *, color: bool = False, unicode: bool = False) -> Recorded:
        out, err = (Stream(io.StringIO(), color, unicode) for _ in range(2))
        return Recorded(out, err, verbosity)

    return make


@pytest.fixture
def refs() -> Callable[..., list[StageRef]]:
    """Make references from `pipeline:stage` names."""
    return lambda *names: [ref(name) for name in names]


@pytest.fixture
def by_ref() -> Callable[[Iterable[StageDefinition]], Mapping[StageRef, StageDefinition]]:
    return lambda stages: {stage.ref: stage for stage in stages}
