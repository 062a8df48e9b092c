"""A pipeline as the engine sees it, from its snapshot."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pivot.discovery.snapshot import Snapshot
from pivot.registry.definition import EDITED, Entry, Manifest, StageDefinition
from pivot.registry.marks import Seen
from pivot.registry.types import PipelineName, StageRef, StateDir

if TYPE_CHECKING:
    from pivot.discovery.code import Code

Learn = Callable[["Code", Mapping[str, str]], None]


class SnapshotView:
    """Implements `PipelineView`. Definitions are at hand; code is analysed when something asks for it."""

    def __init__(self, snapshot: Snapshot, code: "Callable[[], Code]", learn: Learn) -> None:
        """`learn` is told what code was identified beyond that of the stages."""
        self._snapshot = snapshot
        self._known = dict(snapshot.known)
        self._make_code = code
        self._code: Code | None = None
        self._learn = learn

    @property
    def name(self) -> PipelineName:
        """Tells it from other pipelines of the project."""
        return self._snapshot.name

    @property
    def root(self) -> Path:
        """The working directory of its stages."""
        return self._snapshot.root

    @property
    def state_dir(self) -> StateDir:
        """Where the state of its stages lives."""
        return self._snapshot.state_dir

    def definitions(self) -> Sequence[StageDefinition]:
        """Give every stage, those of included pipelines with their own state and root."""
        return self._snapshot.stages

    def manifest(self, ref: StageRef) -> Manifest:
        """Name all the code that one stage depends on."""
        manifest = self._analysed().manifest(ref)
        edited = {name: Entry(identity) for name, identity in self._edited(ref).items()}
        return manifest._replace(entries={**manifest.entries, **edited}) if edited else manifest

    def codes(self, ref: StageRef) -> Mapping[str, str]:
        """Hash all the code that one stage depends on, by name."""
        return self._analysed().codes(ref) | self._edited(ref)

    def _edited(self, ref: StageRef) -> dict[str, str]:
        """Of a stage that was edited since this command began, no record must ever be found to be up to date."""
        identity = self._analysed().identity(ref)
        return {} if identity == self._identities.get(ref, identity) else {EDITED: identity}

    @cached_property
    def _identities(self) -> Mapping[StageRef, str]:
        return {stage.ref: stage.identity.code for stage in self._snapshot.stages}

    def sources(self, hashes: Iterable[str]) -> Mapping[str, str]:
        """Give the source text of the definitions with these hashes, where known."""
        return self._analysed().sources(hashes)

    def code_files(self) -> Mapping[str, Seen]:
        """Give the files that the code was identified from, as they were then: a worker loads them later."""
        return self._snapshot.code.files

    def code_of(self, names: Iterable[str]) -> Mapping[str, str]:
        """Identify code that runs were seen to use; `absent` if it is gone."""
        wanted = list(names)
        new = [name for name in wanted if name not in self._known]
        if new:
            found = self._analysed().code_of(new)
            self._known.update(found)
            self._learn(self._analysed(), found)
        return {name: self._known[name] for name in wanted}

    def _analysed(self) -> "Code":
        if self._code is None:
            self._code = self._make_code()
        return self._code
