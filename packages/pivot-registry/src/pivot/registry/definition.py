"""A stage as data: what planning, deciding and explaining need, without the function and without importing it.

NamedTuples rather than dataclasses: ten thousand of them are read from a snapshot at every command, and a
frozen dataclass costs ten times as much to make.
"""

import enum
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pivot.registry.types import PipelineName, StageRef, StateDir


class OutputKind(enum.StrEnum):
    """How the engine treats an output."""

    OUT = "out"
    METRIC = "metric"
    """Small, for people: stays in git, is not kept in the cache."""
    PLOT = "plot"
    INCREMENTAL = "incremental"
    """Put back before the run and modified in place; such a stage is never answered from the run cache."""
    DIRECTORY = "directory"


class Input(NamedTuple):
    """One dependency of a stage."""

    arg: str
    """The parameter of the stage function that receives it."""
    paths: tuple[str, ...]
    """POSIX, relative to the pipeline's root (`..` may leave it, not the project), or absolute."""
    many: bool = False
    """Whether the function receives a list even if there is one path."""


class Output(NamedTuple):
    """One product of a stage."""

    key: str
    """The key in the mapping that the function returns; `return` when it returns the value itself."""
    paths: tuple[str, ...]
    kind: OutputKind = OutputKind.OUT
    many: bool = False

    @property
    def cached(self) -> bool:
        """Whether its bytes go to the store."""
        return self.kind is not OutputKind.METRIC


class Identity(NamedTuple):
    """What identifies the code of a stage now."""

    code: str
    """Merkle hash of all the code that the stage reaches, with third-party versions."""
    python: str
    """Feature version and `-O`, such as `3.13`; empty with `environment: off`."""
    unknown: tuple[str, ...] = ()
    """What could not be identified; a stage with any is always stale, and these say why."""


class Origin(NamedTuple):
    """How another process gets at the function: a reference to a loader, and what to hand to it."""

    loader: str
    """`package.module:function`; called with `args` it returns a `LivePipelines`."""
    args: tuple[str, ...]


class StageDefinition(NamedTuple):
    """One stage of one pipeline, whole."""

    ref: StageRef
    root: Path
    """The pipeline's root: the stage's working directory."""
    state_dir: StateDir
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    params: Mapping[str, Any]
    """JSON values, by field; empty when the stage takes no parameters."""
    mutex: tuple[str, ...]
    """Names of which no two running stages share one; `*` is shared with every stage."""
    identity: Identity
    place: str
    """Where it is defined, for messages: `features/pipeline.py:41`."""
    origin: Origin | None = None
    """None: the function lives in this process only, and is shipped by value."""
    resources: Mapping[str, float] = {}
    """What it needs while it runs; `memory` in bytes. All that run together need no more than there is."""
    retries: int | None = None
    """So many times more it is tried after a failure; None: the run says it."""
    timeout: float | None = None
    """Seconds after which it is ended; 0: never; None: the run says it."""


EDITED = "edited during the run"
"""Stands for code that nobody can identify: no stage has this code, so none is ever up to date with it."""


class Entry(NamedTuple):
    """One definition that a stage depends on."""

    hash: str
    place: str = ""
    """`src/text.py:30`, or empty for what has no place (a package's version)."""


class Manifest(NamedTuple):
    """All that the code of one stage depends on, by name. Made on demand: when the stage runs or is explained."""

    entries: Mapping[str, Entry]
    """Qualified name (`features.text.normalise`, `package numpy`) -> what it is now."""
    reads: Mapping[str, Sequence[str]] = {}
    """Qualified name -> the qualified names that it reads."""
    notes: Sequence[str] = ()
    """What was over-approximated, and where."""
    start: str = ""
    """Qualified name of the stage's own function: where every chain of reads begins."""


class PipelineView(Protocol):
    """What the engine may know of a pipeline and those that it includes."""

    @property
    def name(self) -> PipelineName: ...

    @property
    def root(self) -> Path: ...

    @property
    def state_dir(self) -> StateDir: ...

    def definitions(self) -> Sequence[StageDefinition]:
        """Give every stage, those of included pipelines with their own state and root."""
        ...

    def manifest(self, ref: StageRef) -> Manifest:
        """Name all the code that one stage depends on."""
        ...

    def codes(self, ref: StageRef) -> Mapping[str, str]:
        """Hash all the code that one stage depends on, by name: its manifest without what is for people only."""
        ...

    def sources(self, hashes: Iterable[str]) -> Mapping[str, str]:
        """Give the source text of the definitions with these hashes, where known."""
        ...

    def code_of(self, names: Iterable[str]) -> Mapping[str, str]:
        """Identify code that runs used (`module:qualname`, or `module` for all of it); `absent` if it is gone."""
        ...
