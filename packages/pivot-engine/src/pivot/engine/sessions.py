"""The pipelines of one command, each opened when it is first asked for."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pivot.engine.session import PipelineSession, Shared
from pivot.executor.edits import CodeFiles
from pivot.executor.task import TaskOptions
from pivot.registry.definition import PipelineView, StageDefinition
from pivot.registry.errors import DefinitionError
from pivot.registry.marks import Seen
from pivot.registry.types import PipelineName

if TYPE_CHECKING:
    from pivot.executor.core import WorkerStageInfo


@runtime_checkable
class FromFiles(Protocol):
    """A view of a pipeline that other processes load from its file."""

    def code_files(self) -> Mapping[str, Seen]:
        """Give the files that the code was identified from, as they were then."""
        ...


class Sessions(dict[PipelineName, PipelineSession]):
    """The pipelines of one command, each opened when it is first asked for."""

    def __init__(self, views: Sequence[PipelineView], shared: Shared, stack: ExitStack) -> None:
        super().__init__()
        self._views = views
        self._stack = stack
        self.shared = shared
        self.workspace = shared.workspace

    def __missing__(self, name: PipelineName) -> PipelineSession:
        session = self[name] = self._session(name)
        self._stack.callback(session.close)
        return session

    @cached_property
    def _view_of(self) -> Mapping[PipelineName, tuple[PipelineView, StageDefinition]]:
        """Which view has a pipeline, and one of its stages."""
        found: dict[PipelineName, tuple[PipelineView, StageDefinition]] = {}
        for view in self._views:
            for stage in view.definitions():
                found.setdefault(stage.ref.pipeline, (view, stage))
        return found

    @cached_property
    def code_files(self) -> CodeFiles:
        """Give the files that the code of each pipeline was identified from, as they were then."""
        return {name: view.code_files() for name, (view, _) in self._view_of.items() if isinstance(view, FromFiles)}

    def _session(self, name: PipelineName) -> PipelineSession:
        view, stage = self._view_of[name]
        return PipelineSession(view, stage.state_dir, self.shared)

    def live_info(self, stage: StageDefinition, options: TaskOptions) -> "WorkerStageInfo":
        """Prepare a stage that lives in this process only, to be shipped by value."""
        from pivot.executor.worker import LivePipelines, worker_info

        view, _ = self._view_of[stage.ref.pipeline]
        if not isinstance(view, LivePipelines):
            raise DefinitionError(f"the function of {stage.ref} cannot be found", where=stage.place)
        return worker_info(view.live(stage.ref), stage, options, force=False)
