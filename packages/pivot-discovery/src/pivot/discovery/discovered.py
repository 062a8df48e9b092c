"""A pipeline that was found on disk: a `Pipeline` whose stages other processes can load from its file."""

from collections.abc import Sequence

from pivot.discovery.loading import Live
from pivot.fingerprint.analysis import Options
from pivot.fingerprint.summaries import Summaries
from pivot.pipeline import Pipeline
from pivot.pipeline.identities import Identities, Surroundings
from pivot.registry.definition import StageDefinition


class DiscoveredPipeline(Pipeline):
    """The pipeline of a file, with what it needs to run elsewhere than in this process."""

    def __init__(self, live: Live) -> None:
        own, *included = live.pipeline.parts()
        super().__init__(own.name, own.root)
        for info in own.stages.values():
            self.add(info)
        for part in included:
            self.include(Pipeline(part.name, part.root).with_parts([part]))
        self._live = live
        self._from_file = self.list_stages()

    def identities(self, surroundings: Surroundings | None = None) -> Identities:
        """Look at the files as they are now, and identify the code of every stage."""
        if self.list_stages() != self._from_file:
            return super().identities(surroundings)  # stages were added that only this process has
        parts, around = self.parts(), surroundings or Surroundings.here()
        options = Options(environment=around.environment)  # type: ignore[arg-type]
        imports, origins = self._live.imports(parts), self._live.origins(parts)
        root = self._live.project_root
        self._identities = Identities(parts, imports, Summaries(None), around.environ, options, origins, root)
        return self._identities

    def definitions(self, surroundings: Surroundings | None = None) -> Sequence[StageDefinition]:
        """Give every stage as data, those of included pipelines with their own state and root."""
        with self._live.active():
            return super().definitions(surroundings)
