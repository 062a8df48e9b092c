"""From what is registered to what a worker needs."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from pivot.cache import Link
from pivot.registry.params import with_overrides
from pivot.registry.types import StateDir

if TYPE_CHECKING:
    from pivot.outputs import Dep, Out
    from pivot.registry import RegistryStageInfo


class WorkerStageInfo(TypedDict):
    """One stage as a worker runs it."""

    name: str
    func: Callable[..., Any]
    params: Any
    """A `StageParams` with the overrides applied, or None."""
    params_arg: str | None
    deps: "Mapping[str, Dep[Any]]"
    outs: "Mapping[str, Out[Any]]"
    incremental: Mapping[str, str]
    """Parameter -> key of the incremental output that it receives."""
    defaults: Collection[str]
    """Parameters that may go without an argument."""
    state_dir: StateDir | Path | None
    project_root: Path
    run_id: str
    checkout_modes: tuple[Link, ...]
    force: bool
    no_commit: bool
    no_cache: bool


def prepare_worker_info(
    *,
    stage_info: "RegistryStageInfo",
    overrides: Mapping[str, Mapping[str, Any]],
    checkout_modes: Sequence[Link],
    run_id: str,
    force: bool,
    no_commit: bool,
    no_cache: bool,
    project_root: Path,
    default_state_dir: StateDir | Path | None,
) -> WorkerStageInfo:
    """Give what a worker needs to run a registered stage.

    `overrides` are parameter values by stage and field. The state directory is the stage's own; only a stage that was
    registered without one (on a bare `StageRegistry`) gets `default_state_dir`.
    """
    name = stage_info["name"]
    own = stage_info.get("state_dir")
    return WorkerStageInfo(
        name=name,
        func=stage_info["func"],
        params=with_overrides(stage_info.get("params"), overrides.get(name, {})),
        params_arg=stage_info.get("params_arg"),
        deps=stage_info.get("deps", {}),
        outs=stage_info.get("outs", {}),
        incremental=stage_info.get("incremental", {}),
        defaults=stage_info.get("defaults", {}),
        state_dir=default_state_dir if own is None else own,
        project_root=project_root,
        run_id=run_id,
        checkout_modes=tuple(checkout_modes),
        force=force,
        no_commit=no_commit,
        no_cache=no_cache,
    )
