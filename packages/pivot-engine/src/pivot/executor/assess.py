"""Look at one stage: gather the facts of now, read its trace, decide."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from pivot.cache import Cache
from pivot.executor.decide import Decision, Known, decide
from pivot.executor.observed import Observer
from pivot.executor.reasons import Kind, Reason
from pivot.executor.runcache import RunCache
from pivot.executor.state import state_of
from pivot.executor.trace import Artifact, Facts, Seen, Trace, UnreadableTraceError
from pivot.executor.workspace import Workspace, input_paths, output_paths
from pivot.registry.definition import OutputKind, StageDefinition

ManifestOf = Callable[[StageDefinition], Mapping[str, str]]
"""Names all the code that a stage depends on: qualified name -> hash."""

_NOTHING = Seen()


class Assessment(NamedTuple):
    """What was found about one stage."""

    facts: Facts
    before: Trace | None
    decision: Decision


class Assessor:
    """Gathers facts and decides: in the coordinator, and again in the worker that holds the stage's lock."""

    def __init__(
        self,
        cache: Cache,
        workspace: Workspace,
        observer: Observer,
        manifest: ManifestOf,
        *,
        use_run_cache: bool = True,
    ) -> None:
        self.workspace = workspace
        self._manifest = manifest
        self._observer = observer
        self.run_cache = RunCache(cache, observer.again)
        self._use_run_cache = use_run_cache

    def assess(self, stage: StageDefinition, *, force: bool = False, recall: bool = True) -> Assessment:
        """Decide what becomes of a stage, its inputs being as they are now.

        Without `recall`, nobody looks for an equal run of anybody: it is to run, and may yet be found restored.
        """
        before, missing = _read(stage)
        facts = self.facts(stage, before)
        present = {} if before is None else self.workspace.contents(stage.root, output_paths(stage))
        known = Known(
            before,
            self.run_cache.kept,
            lambda now: self._recall(stage, now) if recall else None,
            lambda: self._manifest(stage),
            missing,
        )
        return Assessment(facts, before, decide(facts, present, known, _always(stage, force)))

    def facts(self, stage: StageDefinition, before: Trace | None) -> Facts:
        """Gather all that the stage's result may depend on; of what is undeclared, what its last run observed."""
        deps = self.workspace.contents(stage.root, input_paths(stage))
        seen = _NOTHING if before is None else self._observer.again(before.facts.observed)
        return declared_facts(stage, deps, seen)

    def _recall(self, stage: StageDefinition, facts: Facts) -> tuple[Mapping[str, Artifact], Facts] | None:
        if not self._use_run_cache or any(out.kind is OutputKind.INCREMENTAL for out in stage.outputs):
            return None
        return self.run_cache.recall(stage, facts._replace(observed=_NOTHING) if facts.observed else facts)


def _read(stage: StageDefinition) -> tuple[Trace | None, Reason]:
    """Read what was true when the stage last ran; or say why nobody knows."""
    try:
        return state_of(stage).read(), Reason(Kind.NEVER_RAN)
    except UnreadableTraceError as error:
        return None, Reason(Kind.LOCK, str(error))


def _always(stage: StageDefinition, force: bool) -> tuple[Reason, ...]:
    """Give the reasons that nothing kept can answer."""
    unknown = tuple([Reason(Kind.UNKNOWN, what) for what in stage.identity.unknown])
    return (*unknown, Reason(Kind.FORCED)) if force else unknown


def declared_facts(
    stage: StageDefinition, deps: Mapping[str, Artifact | None] = {}, observed: Seen = _NOTHING
) -> Facts:
    """Give the facts that a stage's definition decides, with those that it does not."""
    return Facts(
        code=stage.identity.code,
        python=stage.identity.python,
        params=stage.params,
        inputs={item.arg: item.paths for item in stage.inputs},
        outputs={item.key: (str(item.kind), *item.paths) for item in stage.outputs},
        deps=deps,
        observed=observed,
    )
