"""Which stage may start next."""

from collections import deque
from collections.abc import Iterable, Mapping

from pivot.engine.graph import Graph
from pivot.executor.task import Outcome
from pivot.registry.types import StageRef

GOOD = frozenset({Outcome.SKIPPED, Outcome.RESTORED, Outcome.RAN})


class Plan:
    """The stages of one run on their way from waiting through ready and running to finished."""

    def __init__(self, graph: Graph, selected: Iterable[StageRef], *, keep_going: bool) -> None:
        self.order = graph.order(selected)
        self.outcomes: dict[StageRef, Outcome] = {}
        self.running: set[StageRef] = set()
        self._graph = graph
        self._keep_going = keep_going
        self._stopped = False
        chosen = set(self.order)
        self._missing = {ref: len(graph.needs[ref] & chosen) for ref in self.order}
        self._users: dict[StageRef, list[StageRef]] = {}
        for ref in self.order:
            for need in graph.needs[ref] & chosen:
                self._users.setdefault(need, []).append(ref)
        self._ready = deque(ref for ref in self.order if not self._missing[ref])

    @property
    def unfinished(self) -> bool:
        """Whether anything can still happen."""
        return bool(self.running or (self._ready and not self._stopped))

    def next_ready(self) -> StageRef | None:
        """Take the next stage whose needs are met, to be looked at."""
        return self._ready.popleft() if self._ready and not self._stopped else None

    def defer(self, refs: Iterable[StageRef]) -> None:
        """Give back stages that cannot start yet, before all others."""
        self._ready.extendleft(reversed(tuple(refs)))

    def may_start(self, ref: StageRef) -> bool:
        """Tell whether no running stage excludes this one: `*` is alone, else no group is shared."""
        if not self.running:
            return True
        mine = self._groups(ref)
        theirs: set[str] = set().union(*map(self._groups, self.running))
        return "*" not in mine and "*" not in theirs and not mine & theirs

    def _groups(self, ref: StageRef) -> set[str]:
        return set(self._graph.stages[ref].mutex)

    def start(self, ref: StageRef) -> None:
        """Note that a stage runs."""
        self.running.add(ref)

    def finish(self, ref: StageRef, outcome: Outcome) -> None:
        """Note what became of a stage; what waited only for it is ready."""
        self.running.discard(ref)
        self.outcomes[ref] = outcome
        if outcome in GOOD:
            for user in self._users.get(ref, ()):
                self._missing[user] -= 1
                if not self._missing[user]:
                    self._ready.append(user)
        elif not self._keep_going:
            self.stop()

    def stop(self) -> None:
        """Start nothing any more."""
        self._stopped = True

    def left(self) -> Mapping[StageRef, Outcome]:
        """Name the stages that were never tried: blocked by a failure above them, or cancelled."""
        lost = {ref for ref, outcome in self.outcomes.items() if outcome not in GOOD}
        blocked = self._graph.downstream(lost, self.order) - lost
        rest = (ref for ref in self.order if ref not in self.outcomes)
        return {ref: Outcome.BLOCKED if ref in blocked else Outcome.CANCELLED for ref in rest}
