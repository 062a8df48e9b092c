"""Outputs that were computed and could not be stored: they wait in the workspace, and are not computed again."""

from collections.abc import Mapping

from pivot.cache import Cache
from pivot.executor.artifacts import store
from pivot.executor.assess import Assessor
from pivot.executor.decide import differences
from pivot.executor.state import StageState, state_of
from pivot.executor.trace import Artifact, Facts, Trace
from pivot.executor.workspace import absolute, output_paths
from pivot.registry.definition import StageDefinition


def keep(stage: StageDefinition, facts: Facts, manifest: Mapping[str, str], cache: Cache) -> None:
    """Write down what lies at the output paths now, and under which facts it was computed."""
    measured = {path: cache.measure(absolute(stage.root, path)) for path in output_paths(stage)}
    outs = {path: Artifact(item.digest, item.size) for path, item in measured.items()}
    state_of(stage).record_pending(Trace(facts, outs, manifest))


def settle(stage: StageDefinition, state: StageState, assessor: Assessor, cache: Cache) -> Trace | None:
    """Store the outputs that wait, if they are still there and still what the function would give now."""
    waiting = state.read_pending()
    if waiting is None:
        return None
    facts = assessor.facts(stage, waiting)
    here = assessor.workspace.contents(stage.root, output_paths(stage))
    if any(differences(waiting, facts)) or here != waiting.outs:
        return None
    outs = store(stage, cache)
    return Trace(waiting.facts, outs, waiting.manifest) if outs == waiting.outs else None
