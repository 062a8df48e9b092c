"""What one command knows while it looks at the stages of one pipeline."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from blake3 import blake3

from pivot.cache import Cache
from pivot.engine.freshness import Row, Stat, certify, holds
from pivot.engine.statedb import StateDb
from pivot.executor.assess import Assessment, Assessor
from pivot.executor.observed import KnownCode, Observer
from pivot.executor.settings import EngineSettings
from pivot.executor.state import file_name, recorded, unfinished
from pivot.executor.trace import Facts, Trace
from pivot.executor.workspace import Workspace
from pivot.registry.definition import PipelineView, StageDefinition
from pivot.registry.types import StageRef, StateDir


class Shared(NamedTuple):
    """What the sessions of one command share."""

    settings: EngineSettings
    cache: Cache
    workspace: Workspace
    stat: Stat
    environ: Mapping[str, str]
    outputs: frozenset[str]
    """Every declared output, project-relative."""
    use_run_cache: bool


class PipelineSession:
    """The stages of one pipeline during one command: certificates first, a full look when these do not hold."""

    def __init__(self, view: PipelineView, state_dir: StateDir, shared: Shared) -> None:
        self.view = view
        self.state_dir = state_dir
        self._shared = shared
        self.code = KnownCode(view.code_of)
        root = shared.settings.project_root
        self.observer = Observer(root, shared.workspace, shared.environ, self.code, shared.outputs)
        use = shared.use_run_cache
        self.assessor = Assessor(shared.cache, shared.workspace, self.observer, self.manifest, use_run_cache=use)
        self._db = StateDb(state_dir) if state_dir.is_dir() else None
        self._rows: dict[str, Row] = {} if self._db is None else self._db.read("fresh")
        self._took: dict[str, float] = {} if self._db is None else self._db.read("took")
        self._unfinished = unfinished(state_dir)
        self._sources: dict[str, str] = {}
        self._changed = False

    def manifest(self, stage: StageDefinition) -> Mapping[str, str]:
        """Name all the code that a stage depends on now: qualified name -> hash."""
        return self.view.codes(stage.ref)

    def manifest_for(self, stage: StageDefinition, before: Trace | None) -> Mapping[str, str]:
        """Give the manifest of a stage that is to run: the one in its record, where this machine wrote that.

        Equal hashes of all code mean equal manifests, and to work one out means to look at all code of the pipeline:
        for a stage of which an input has changed that takes longer than all else. Lock files come from anywhere, and
        merged; what is recorded of code that runs unforeseen depends on the manifest.
        """
        code, seal = stage.identity.code, self._seals.get(stage.ref.stage)
        if before is not None and before.facts.code == code and _seal(code, before.manifest) == seal:
            return before.manifest
        return self.manifest(stage)

    @cached_property
    def _seals(self) -> dict[str, bytes]:
        return {} if self._db is None else self._db.read("manifests")

    def note_manifest(self, stage: StageDefinition, manifest: Mapping[str, str]) -> None:
        """Note the manifest that a stage was recorded with."""
        self._seals[stage.ref.stage] = _seal(stage.identity.code, manifest)

    def is_fresh(self, stage: StageDefinition) -> bool:
        """Tell whether the stage is certified to be up to date."""
        row = self._rows.get(stage.ref.stage)
        if row is None or self.is_unfinished(stage):
            return False
        try:
            return holds(row, stage, self._shared.stat, self._shared.workspace, self.observer)
        except (TypeError, ValueError):
            return False  # a table of another version of pivot

    def is_unfinished(self, stage: StageDefinition) -> bool:
        """Tell whether a run has left outputs aside: there is something to do even if the stage is up to date."""
        return bool(self._unfinished) and file_name(stage.ref.stage) in self._unfinished

    @cached_property
    def _recorded(self) -> frozenset[str]:
        return recorded(self.state_dir)

    def has_record(self, stage: StageDefinition) -> bool:
        """Tell whether the stage had a lock file when this was first asked: one look for all stages."""
        return bool(self._recorded) and file_name(stage.ref.stage) in self._recorded

    def facts(self, stage: StageDefinition) -> Facts:
        """Gather what the result of a stage without a record will depend on."""
        return self.assessor.facts(stage, None)

    def assess(self, stage: StageDefinition, *, force: bool = False, recall: bool = True) -> Assessment:
        """Look at a stage, as `Assessor.assess` does."""
        return self.assessor.assess(stage, force=force, recall=recall)

    def certify(self, stage: StageDefinition, trace: Trace, hashed_ns: int) -> None:
        """Note that a stage was found up to date."""
        row = certify(stage, trace, str(self._shared.settings.project_root), hashed_ns)
        if row is not None:
            self._rows[stage.ref.stage] = row
            self._changed = True

    def took(self, ref: StageRef) -> float | None:
        """Tell how many seconds a stage ran when it last did; None if it never ran here."""
        return self._took.get(ref.stage)

    def note_ran(self, ref: StageRef, seconds: float) -> None:
        """Note how long a stage ran."""
        self._took[ref.stage] = seconds

    def note_written(self, ref: StageRef) -> None:
        """Forget what was certified of a stage whose files were just written."""
        self._rows.pop(ref.stage, None)
        self._changed = True

    def keep_sources(self, codes: Iterable[str]) -> None:
        """Keep the sources of these definitions, where they are not kept already, so that a change can be shown."""
        wanted = set(codes)
        known = {} if self._db is None else self._db.sources(wanted)
        if new := wanted - known.keys():
            # What has no source, as a value, is kept as empty: it is not to be looked for again.
            self._sources.update({**dict.fromkeys(new, ""), **self.view.sources(new)})

    def source(self, code: str) -> str | None:
        """Give the source of the definition that had this hash; None if there is none, or it was never kept."""
        return None if self._db is None else self._db.sources([code]).get(code) or None

    def close(self) -> None:
        """Write what was learnt, in one transaction."""
        if self._changed and self.state_dir.is_dir():
            db = self._db or StateDb(self.state_dir)
            db.write({"fresh": self._rows, "took": self._took, "manifests": self._seals}, self._sources)
            db.close()
        elif self._db is not None:
            self._db.close()


def _seal(code: str, manifest: Mapping[str, str]) -> bytes:
    told = "\0".join([code, *chain.from_iterable(sorted(manifest.items()))])
    return blake3(told.encode("utf-8", "surrogatepass")).digest(16)
