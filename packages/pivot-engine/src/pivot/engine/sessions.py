"""The pipelines of one command, each opened when it is first asked for."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pivot.engine.graph import Graph
from pivot.engine.session import PipelineSession, Shared
from pivot.executor.task import TaskOptions
from pivot.registry.definition import PipelineView, StageDefinition
from pivot.registry.errors import DefinitionError
from pivot.registry.types import PipelineName

if TYPE_CHECKING:
    from pivot.executor.core import WorkerStageInfo


class Sessions:
    """The pipelines of one command, each opened when it is first asked for."""

    def __init__(self, views: Sequence[PipelineView], graph: Graph, shared: Shared, stack: ExitStack) -> None:
        self._views = views
        self._graph = graph
        self._stack = stack
        self._open: dict[PipelineName, PipelineSession] = {}
        self.shared = shared
        self.workspace = shared.workspace

    def __getitem__(self, name: PipelineName) -> PipelineSession:
        if name not in self._open:
            session = self._session(name)
            self._stack.callback(session.close)
            self._open[name] = session
        return self._open[name]

    def _session(self, name: PipelineName) -> PipelineSession:
        for view in self._views:
            for stage in view.definitions():
                if stage.ref.pipeline == name:
                    return PipelineSession(view, stage.state_dir, self.shared)
        raise KeyError(name)

    def live_info(self, stage: StageDefinition, options: TaskOptions) -> "WorkerStageInfo":
        """Prepare a stage that lives in this process only, to be shipped by value."""
        from pivot.executor.worker import LivePipelines, worker_info

        for view in self._views:
            if isinstance(view, LivePipelines) and any(stage.ref == other.ref for other in view.definitions()):
                return worker_info(view.live(stage.ref), stage, options, force=False)
        raise DefinitionError(f"the function of {stage.ref} cannot be found", where=stage.place)
