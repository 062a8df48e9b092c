"""The engine: bring the outputs of pipelines up to date, and say why."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from pivot.cache import Cache, CacheRoot
from pivot.engine.events import Sink, StageWaiting
from pivot.engine.freshness import look
from pivot.engine.graph import Graph, build_graph, check_inputs, check_places
from pivot.engine.journal import new_run_id
from pivot.engine.keeping import register
from pivot.engine.run import RunLoop, RunResult
from pivot.engine.runner import Runners
from pivot.engine.session import Shared
from pivot.engine.sessions import Sessions
from pivot.executor.decide import Decision, Restore, Run, Skip
from pivot.executor.reasons import Kind, Reason
from pivot.executor.settings import EngineSettings, RunOptions
from pivot.executor.task import Waits
from pivot.executor.trace import Facts
from pivot.executor.workspace import CHANGING, Workspace, below, input_paths
from pivot.registry.definition import PipelineView, StageDefinition
from pivot.registry.endings import undisturbed
from pivot.registry.errors import DefinitionError
from pivot.registry.layout import PIVOT_DIR, project_root_of
from pivot.registry.types import StageRef

if TYPE_CHECKING:
    import networkx

    from pivot.engine.checkout import Checkout
    from pivot.engine.explain import Explanation


class StageStatus(NamedTuple):
    """What a run would do with a stage, and why."""

    ref: StageRef
    decision: Decision
    seconds: float | None = None
    """How long it took when it last ran here."""
    facts: Facts | None = None
    """What its result would depend on; None: nobody had to look, or it waits for a stage that must run."""

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why it is not up to date; empty if it is."""
        return self.decision.reasons if isinstance(self.decision, Run | Restore) else ()

    @property
    def word(self) -> str:
        """`fresh`, `restore` or `run`."""
        return {Run: "run", Restore: "restore"}.get(type(self.decision), "fresh")


class Engine:
    """Bring the outputs of one or more pipelines up to date.

    run_once
      select              the targets and what they need
      sessions            traces, certificates and the store, open for this command
      RunLoop             decide, start what is ready, reap one, repeat
    status                the same decisions, without running
    explain               one decision, with the names of what changed
    checkout              outputs as the lock files say
    """

    def __init__(
        self,
        pipeline: PipelineView | None = None,
        *,
        pipelines: Sequence[PipelineView] = (),
        settings: EngineSettings | None = None,
        sink: Sink | None = None,
        environ: Mapping[str, str] = os.environ,
        runners: Runners | None = None,
    ) -> None:
        """`runners` gives a run its workers, for those who keep them from run to run."""
        self._views = (pipeline, *pipelines) if pipeline is not None else tuple(pipelines)
        self._settings = settings or default_settings(self._views, environ)
        self._sinks = () if sink is None else (sink,)
        self._environ = environ
        self._runners = runners

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store."""
        if "_cache" in self.__dict__:
            self._cache.close()
            del self.__dict__["_cache"]

    @cached_property
    def _cache(self) -> Cache:
        return self._settings.open_cache()

    @cached_property
    def stages(self) -> Graph:
        """The graph of all stages, validated."""
        definitions = [stage for view in self._views for stage in view.definitions()]
        return build_graph(definitions, self._settings.project_root)

    @property
    def graph(self) -> "networkx.DiGraph[StageRef]":
        """The same graph for networkx: nodes are `StageRef`s, edges go from producer to consumer."""
        return self.stages.to_networkx()

    def select(self, targets: Iterable[StageRef] = (), *, only: bool = False) -> list[StageRef]:
        """Give the targets (all stages if there are none) and what they need, each after what it needs.

        Raises:
            DefinitionError: a target that is no stage, a cycle.
        """
        wanted = tuple(targets) or tuple(self.stages.stages)
        for ref in wanted:
            if ref not in self.stages.stages:
                raise DefinitionError(f"there is no stage {StageRef(*ref)}", hint="`pivot list` names all stages.")
        return self.stages.order(wanted if only else self.stages.upstream(wanted))

    def run_once(self, options: RunOptions = RunOptions()) -> RunResult:
        """Bring the targets and what they need up to date. A stage that fails is part of the result.

        Raises:
            DefinitionError: the pipelines cannot be right; nothing has run.
            KeyboardInterrupt: Ctrl-C twice; running stages were killed, nothing is half-written.
        """
        selected = self.select(options.targets, only=options.only)
        self._check(selected)
        forced = frozenset(options.targets or selected) if options.force else frozenset()
        with self._sessions(use_run_cache=not options.no_cache) as sessions:
            loop = RunLoop(self.stages, sessions, self._settings, options, self._sinks, self._runners)
            return loop.run(selected, forced)

    def status(self, targets: Iterable[StageRef] = (), *, only: bool = False, force: bool = False) -> list[StageStatus]:
        """Say what a run would do with each stage, without running, or loading, anything."""
        named = tuple(targets)
        selected = self.select(named, only=only)
        self._check(selected)
        forced = set(named or selected) if force else set()
        with self._sessions() as sessions:
            found: dict[StageRef, StageStatus] = {}
            for ref in selected:
                decision, facts = self._foresee(ref, sessions, found, force=ref in forced)
                found[ref] = StageStatus(ref, decision, sessions[ref.pipeline].took(ref), facts)
        return list(found.values())

    def _check(self, selected: Sequence[StageRef]) -> None:
        check_inputs(self.stages, selected, os.path.exists)
        check_places(self.stages, selected, self._settings.project_root)

    def _foresee(
        self, ref: StageRef, sessions: Sessions, found: Mapping[StageRef, StageStatus], *, force: bool
    ) -> tuple[Decision, Facts | None]:
        """Decide as if everything above had happened: what is to be restored is known, what is to run is not."""
        stage, session = self.stages.stages[ref], sessions[ref.pipeline]
        pending = [need for need in self.stages.needs[ref] if need in found and isinstance(found[need].decision, Run)]
        if pending:
            links = self._links(stage, pending)
            return Run(tuple(Reason(Kind.UPSTREAM, path, None, str(need)) for need, path in links)), None
        restored = any(isinstance(found[need].decision, Restore) for need in self.stages.needs[ref] if need in found)
        if not force and not restored and session.is_fresh(stage):
            return Skip(), None
        facts, _, decision = session.assess(stage, force=force)
        if isinstance(decision, Restore):
            sessions.workspace.note(stage.root, decision.outs)
        return decision, facts

    def _links(self, stage: StageDefinition, needs: Sequence[StageRef]) -> Iterator[tuple[StageRef, str]]:
        """Name an input that comes from each of these stages."""
        for need in needs:
            made = self.stages.writes[need]
            reads = zip(input_paths(stage), self.stages.reads[stage.ref], strict=True)
            yield need, next((path for path, full in reads if _related(full, made)), "?")

    def explain(self, ref: StageRef) -> "Explanation":
        """Say why a stage would run, or would not, with the name of everything that changed."""
        from pivot.engine.explain import explain

        self.select((ref,))
        with self._sessions() as sessions:
            for need in self.select((ref,))[:-1]:
                decision = sessions[need.pipeline].assess(self.stages.stages[need]).decision
                if isinstance(decision, Restore):
                    sessions.workspace.note(self.stages.stages[need].root, decision.outs)
            return explain(self.stages.stages[ref], sessions[ref.pipeline])

    def checkout(self, targets: Iterable[StageRef] = (), paths: Iterable[Path] = ()) -> "Checkout":
        """Put the outputs of stages in place as their lock files say; of them only `paths`, if given."""
        from pivot.engine.checkout import Checkouts

        named = tuple(targets)
        chosen = self.select(named, only=True) if named else list(self.stages.stages)
        check_places(self.stages, chosen, self._settings.project_root)
        register(self._cache, self._settings.project_root, {self.stages.stages[ref].state_dir for ref in chosen})
        checkouts = Checkouts(
            self._cache, Workspace(self._cache, CHANGING), new_run_id(), self._settings, self._tell_waiting
        )
        return checkouts.of((self.stages.stages[ref] for ref in chosen), frozenset(map(str, paths)))

    def _tell_waiting(self, waits: Waits) -> None:
        for sink in self._sinks:
            sink.emit(StageWaiting(waits.ref, waits.owner, path=waits.path))

    @contextmanager
    def _sessions(self, *, use_run_cache: bool = True) -> Iterator[Sessions]:
        workspace = Workspace(self._cache, CHANGING)
        root = self._settings.project_root
        outputs = frozenset(below(root, self.stages.producers))
        shared = Shared(self._settings, self._cache, workspace, look(), self._environ, outputs, use_run_cache)
        with ExitStack() as stack:
            try:
                yield Sessions(self._views, shared, stack)
            finally:
                with undisturbed():  # what was learnt is written, also when somebody presses Ctrl-C now
                    stack.close()


def _related(path: str, made: Iterable[str]) -> bool:
    return any(f"{path}/".startswith(f"{other}/") or f"{other}/".startswith(f"{path}/") for other in made)


def default_settings(views: Sequence[PipelineView], environ: Mapping[str, str]) -> EngineSettings:
    """Find the project that the pipelines lie in, for those who make an engine without a command around it."""
    root = project_root_of(views[0].root if views else Path.cwd(), environ)
    cache = Path(environ.get("PIVOT_CACHE_DIR") or root / PIVOT_DIR / "cache")
    return EngineSettings(root, CacheRoot(cache.absolute()))
