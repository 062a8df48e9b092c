"""What `register` is told, and what is registered."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

from pivot.outputs import Dep, Out
from pivot.registry.types import StateDir


class RegistryStageInfo(TypedDict):
    """One registered stage: the live thing, with its function."""

    name: str
    func: Callable[..., Any]
    state_dir: StateDir | Path | None
    """None: the default given at run time."""
    root: Path | None
    params: Any
    """A `StageParams`, or None."""
    params_arg: str | None
    """The parameter of the function that receives it."""
    mutex: list[str]
    resources: dict[str, float]
    retries: int | None
    """None: the run says it."""
    timeout: float | None
    """Seconds; 0: any number; None: the run says it."""
    variant: str | None
    deps: dict[str, Dep[Any]]
    """By parameter; overrides applied, paths checked and normalised."""
    outs: dict[str, Out[Any]]
    """By the key in what the function returns; `return` for the returned value itself."""
    incremental: dict[str, str]
    """Parameter -> the key in `outs` of the IncrementalOut that it receives."""
    deps_paths: list[str]
    outs_paths: list[str]
    defaults: dict[str, Any]
    """Of the function's parameters, those that may go without an argument."""
    place: str
    """`pipeline.py:41`, relative to the root."""
    version: str | None
    ignore: list[str]
    depends: list[Any]


class Registration(NamedTuple):
    """What `register` is told besides the function. Frozen in, so that no function lists all these keywords again."""

    name: str | None = None
    state_dir: StateDir | Path | None = None
    root: Path | None = None
    params: Any = None
    """A `StageParams`, its class, or a mapping of fields."""
    mutex: Sequence[str] | str = ()
    resources: Mapping[str, float | str] = {}
    """Name -> amount; a size may be text: `12G`."""
    retries: int | None = None
    timeout: float | str | None = None
    """Seconds, or text: `10m`."""
    variant: str | None = None
    dep_path_overrides: Mapping[str, Any] | None = None
    out_path_overrides: Mapping[str, Any] | None = None
    version: str | None = None
    ignore: Sequence[str] | str = ()
    depends: Iterable[Any] = ()
    deps: Mapping[str, Dep[Any]] = {}
    """Inputs of parameters that no `Dep` annotates (pivot.yaml declares such)."""
    outs: Mapping[str, Out[Any]] = {}
    """Outputs that the return annotation does not declare."""
    where: str | None = None
    """What is to be corrected, if not the function: `pivot.yaml:12`."""
