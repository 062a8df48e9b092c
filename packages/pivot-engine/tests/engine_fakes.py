"""A pipeline that is nothing but data, for tests of what never calls a function."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pivot.executor.task import StageTask, TaskOptions
from pivot.executor.worker import worker_info
from pivot.loaders.plain import PathOnly
from pivot.outputs import Dep, Out
from pivot.registry.definition import Entry, Identity, Input, Manifest, Output, OutputKind, StageDefinition
from pivot.registry.types import PipelineName, StageName, StageRef, StateDir


def ref(text: str) -> StageRef:
    """`p:train` -> the reference."""
    pipeline, _, stage = text.partition(":")
    return StageRef(PipelineName(pipeline), StageName(stage))


def stage(
    name: str,
    root: Path,
    deps: Iterable[str] = (),
    outs: Iterable[str] = (),
    *,
    code: str = "c0",
    params: Mapping[str, Any] = {},
    mutex: tuple[str, ...] = (),
    resources: Mapping[str, float] = {},
    retries: int | None = None,
    kind: OutputKind = OutputKind.OUT,
    unknown: tuple[str, ...] = (),
) -> StageDefinition:
    """Define a stage with one argument a dependency and one key an output."""
    return StageDefinition(
        ref=ref(name),
        root=root,
        state_dir=StateDir(root / ".pivot"),
        inputs=tuple(Input(f"in{index}", (path,)) for index, path in enumerate(deps)),
        outputs=tuple(Output(f"out{index}", (path,), kind) for index, path in enumerate(outs)),
        params=params,
        mutex=mutex,
        identity=Identity(code, "3.13", unknown),
        place=f"{name.partition(':')[0]}/pipeline.py:1",
        resources=resources,
        retries=retries,
    )


def identified(_pipeline: PipelineName, names: Sequence[str]) -> Mapping[str, str]:
    """Say what code is now: the same as ever."""
    return dict.fromkeys(names, "seen")


class DataPipeline(NamedTuple):
    """A `PipelineView` over given definitions."""

    name: PipelineName
    root: Path
    state_dir: StateDir
    stages: Sequence[StageDefinition]
    entries: Mapping[str, Any] = {}

    def definitions(self) -> Sequence[StageDefinition]:
        return self.stages

    def manifest(self, ref: StageRef) -> Manifest:
        return Manifest(dict(self.entries))

    def codes(self, ref: StageRef) -> Mapping[str, str]:
        return {name: entry.hash for name, entry in self.manifest(ref).entries.items()}

    def sources(self, hashes: Iterable[str]) -> Mapping[str, str]:
        return {code: f"source of {code}\n" for code in hashes}

    def code_of(self, names: Iterable[str]) -> Mapping[str, str]:
        return dict.fromkeys(names, "absent")


class LivePipeline(DataPipeline):
    """A pipeline with functions of paths: a stage calls what `entries` has under its name."""

    def live(self, ref: StageRef) -> Any:
        found = next(item for item in self.stages if item.ref == ref)
        return {
            "func": self.entries[ref.stage],
            "name": ref.stage,
            "state_dir": found.state_dir,
            "params": None,
            "params_arg": None,
            "deps": {item.arg: Dep(list(item.paths), PathOnly()) for item in found.inputs},
            "outs": {item.key: Out(list(item.paths), PathOnly()) for item in found.outputs},
        }

    def manifest(self, ref: StageRef) -> Manifest:
        code = next(item for item in self.stages if item.ref == ref).identity.code
        return Manifest({f"m.{ref.stage}": Entry(code, "m.py:1")}, start=f"m.{ref.stage}")


def live(root: Path, stages: Sequence[StageDefinition], **functions: Any) -> LivePipeline:
    """Give a pipeline of these stages."""
    return LivePipeline(stages[0].ref.pipeline, root, StateDir(root / ".pivot"), stages, functions)


def tasks_of(pipeline: LivePipeline, options: TaskOptions) -> list[StageTask]:
    """Give the task of every stage, its function shipped by value."""
    infos = [worker_info(pipeline.live(item.ref), item, options, force=False) for item in pipeline.stages]
    return [StageTask(item, info=info) for item, info in zip(pipeline.stages, infos, strict=True)]


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
