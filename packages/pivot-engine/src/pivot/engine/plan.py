"""Which stage may start next."""

from collections.abc import Iterable, Mapping

from pivot.engine.graph import Graph
from pivot.engine.supply import Demand, Supply
from pivot.executor.task import Outcome
from pivot.registry.types import StageRef

GOOD = frozenset({Outcome.SKIPPED, Outcome.RESTORED, Outcome.RAN})
ALONE = "mutex *"


class Plan:
    """The stages of one run on their way from waiting through ready and running to finished.

    The first to start is the one with the longest way to go: its own seconds and those of the longest chain of stages
    that need it (Graham's list scheduling by critical path). Equals start in the order of their definitions.
    """

    def __init__(
        self,
        graph: Graph,
        selected: Iterable[StageRef],
        *,
        keep_going: bool,
        seconds: Mapping[StageRef, float] = {},
        totals: Mapping[str, float] = {},
    ) -> None:
        """`seconds` says how long stages will take; `totals`, how much there is of what."""
        self.order = graph.order(selected)
        self.outcomes: dict[StageRef, Outcome] = {}
        self.running: set[StageRef] = set()
        self.stopped = False
        self._graph = graph
        self._keep_going = keep_going
        chosen = set(self.order)
        self._missing = {ref: len(graph.needs[ref] & chosen) for ref in self.order}
        self._users: dict[StageRef, list[StageRef]] = {}
        for ref in self.order:
            for need in graph.needs[ref] & chosen:
                self._users.setdefault(need, []).append(ref)
        self._ranked = self._by_urgency(seconds) if seconds else self.order
        self._rank = {ref: rank for rank, ref in enumerate(self._ranked)}
        self._demands = _demands(graph, self.order)
        self._supply = Supply({**dict.fromkeys(_names(self._demands), 1.0), ALONE: len(self.order), **totals})
        for ref in self.order:
            if not self._missing[ref]:
                self._add(ref)

    def _by_urgency(self, seconds: Mapping[StageRef, float]) -> list[StageRef]:
        ahead: dict[StageRef, float] = {}
        for ref in reversed(self.order):
            ahead[ref] = seconds.get(ref, 0.0) + max((ahead[user] for user in self._users.get(ref, ())), default=0.0)
        place = {ref: number for number, ref in enumerate(self._graph.stages)}
        return sorted(self.order, key=lambda ref: (-ahead[ref], place[ref]))

    def _add(self, ref: StageRef) -> None:
        self._supply.add(self._rank[ref], self._demands.get(ref, {}))

    @property
    def unfinished(self) -> bool:
        """Whether anything can still happen."""
        return bool(self.running or (self._supply and not self.stopped))

    def next_ready(self) -> StageRef | None:
        """Take the next stage whose needs are met, to be looked at; it has the resources to be started with."""
        rank = None if self.stopped else self._supply.next()
        return None if rank is None else self._ranked[rank]

    def start(self, ref: StageRef) -> None:
        """Note that a stage runs."""
        self.running.add(ref)

    @property
    def demanding(self) -> bool:
        """Whether any stage needs what others may need meanwhile."""
        return bool(self._demands)

    def again(self, ref: StageRef) -> None:
        """Note that a stage that was started is to be started once more, when it is its turn."""
        self._stop_running(ref)
        self._add(ref)

    def finish(self, ref: StageRef, outcome: Outcome) -> None:
        """Note what became of a stage; what waited only for it is ready."""
        self._stop_running(ref)
        self.outcomes[ref] = outcome
        if outcome in GOOD:
            for user in self._users.get(ref, ()):
                self._missing[user] -= 1
                if not self._missing[user]:
                    self._add(user)
        elif not self._keep_going:
            self.stop()

    def _stop_running(self, ref: StageRef) -> None:
        self.running.discard(ref)
        self._supply.release(self._rank[ref])

    def stop(self) -> None:
        """Start nothing any more."""
        self.stopped = True

    def left(self) -> Mapping[StageRef, Outcome]:
        """Name the stages that were never tried: blocked by a failure above them, or cancelled."""
        lost = {ref for ref, outcome in self.outcomes.items() if outcome not in GOOD}
        blocked = self._graph.downstream(lost, self.order) - lost
        rest = (ref for ref in self.order if ref not in self.outcomes)
        return {ref: Outcome.BLOCKED if ref in blocked else Outcome.CANCELLED for ref in rest}


def _demands(graph: Graph, order: list[StageRef]) -> dict[StageRef, Demand]:
    """Say what each stage needs while it runs; those that need nothing are left out.

    A mutex is one of one. `*` is every place that there is: where somebody needs that, everybody needs a place.
    """
    alone = {ref for ref in order if "*" in graph.stages[ref].mutex}
    place = {ALONE: 1.0} if alone else {}
    found: dict[StageRef, Demand] = {}
    for ref in order:
        stage = graph.stages[ref]
        mutexes = {f"mutex {name}": 1.0 for name in stage.mutex}
        demand = {**place, **mutexes, **stage.resources, **({ALONE: len(order)} if ref in alone else {})}
        if demand:
            found[ref] = demand
    return found


def _names(demands: Mapping[StageRef, Demand]) -> set[str]:
    return {name for demand in demands.values() for name in demand if name.startswith("mutex ")}
