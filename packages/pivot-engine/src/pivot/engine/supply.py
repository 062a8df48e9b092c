"""Who may start: what stages need while they run, how much of it there is, and who waits for it."""

import heapq
from collections.abc import Mapping

Demand = Mapping[str, float]
"""Name -> amount."""
_Kind = frozenset[str]
"""The names of all that somebody needs."""

_SLACK = 1 + 1e-9
"""Ten times 0.1 is one, whatever binary fractions say."""


class Supply:
    """Hands out what there is: the best rank first, and nobody past a better one that waits for the same thing.

    add         somebody wants to start
    next        the best one that can have all that it needs now, and has it then
    release     somebody is done, one way or another

    Ranks are numbers, the lowest is the best. Who needs nothing can always start. Those who need the same things
    queue up, and a queue whose head cannot start waits in the line of the first thing that the head lacks. So each
    call looks at a few heads, not at all who wait: of 50,000 stages that share one GPU each costs no more than one of
    ten. Two rules keep the big from being starved by the small:

    - A line is kept to, even where somebody further back would fit into the gap: that is what fills the gap up.
    - The best of all who wait, in whichever line, has a claim on all that it needs: else, while it waits for a GPU,
      others take its memory, and while it then waits for memory, others take its GPU.

    Rejected: to let the small past as long as they end in time. Durations of last time are good enough for an order,
    not for a promise.
    """

    def __init__(self, totals: Mapping[str, float] = {}) -> None:
        self._totals = totals
        self._used = dict.fromkeys(totals, 0.0)
        self._demands: dict[int, Demand] = {}
        self._queues: dict[_Kind, list[int]] = {}
        """Heaps of those who have not started."""
        self._ready: list[int] = []
        """Heap of heads to be tried, and of some that are heads no longer."""
        self._free: list[int] = []
        """Heap of those who need nothing."""
        self._lines: dict[str, list[int]] = {}
        """Heaps of heads that wait, by what they lack; and of some that do no longer."""
        self._waiting: list[int] = []
        """Heap of all that are in a line; and of some that are no longer."""
        self._line_of: dict[_Kind, str] = {}
        """In which line a queue waits, or from which its head has just been called up."""

    def __bool__(self) -> bool:
        """Whether anybody is to be tried."""
        return bool(self._ready or self._free)

    def add(self, rank: int, demand: Demand) -> None:
        """Note that somebody wants to start. When nobody else has anything, it must be able to."""
        if not demand:
            heapq.heappush(self._free, rank)
            return
        self._demands[rank] = demand
        queue = self._queues.setdefault(frozenset(demand), [])
        heapq.heappush(queue, rank)
        if queue[0] == rank:
            heapq.heappush(self._ready, rank)

    def next(self) -> int | None:
        """Give the best one that can have all that it needs, and give it that; None if there is none."""
        while self._ready and not (self._free and self._free[0] < self._ready[0]):
            rank = heapq.heappop(self._ready)
            if self._is_head(rank):
                lacking = self._lacking(rank)
                if lacking is None:
                    self._take(rank)
                    return rank
                self._line_up(rank, lacking)
        return heapq.heappop(self._free) if self._free else None

    def release(self, rank: int) -> None:
        """Take back what somebody had; the heads of the lines for it are to be tried again."""
        for name, amount in self._demands.pop(rank, {}).items():
            self._used[name] -= amount
            self._call_up(name)

    def _is_head(self, rank: int) -> bool:
        queue = self._queues[frozenset(self._demands[rank])] if rank in self._demands else []
        return bool(queue) and queue[0] == rank

    def _lacking(self, rank: int) -> str | None:
        best = self._best(self._waiting)
        claimed = self._demands[best] if best is not None and best < rank else {}
        for name, amount in self._demands[rank].items():
            first = self._best(self._lines.get(name, []), name)
            wanted = self._used[name] + amount + claimed.get(name, 0.0)
            if (first is not None and first < rank) or wanted > self._totals[name] * _SLACK:
                return name
        return None

    def _best(self, heads: list[int], line: str | None = None) -> int | None:
        """Give the best of those that still wait, in a certain line or in any."""
        while heads and not self._waits(heads[0], line):
            heapq.heappop(heads)
        return heads[0] if heads else None

    def _waits(self, rank: int, line: str | None) -> bool:
        there = self._line_of.get(frozenset(self._demands.get(rank, ())))
        return self._is_head(rank) and there is not None and line in (None, there)

    def _take(self, rank: int) -> None:
        kind = frozenset(self._demands[rank])
        queue = self._queues[kind]
        heapq.heappop(queue)
        if queue:
            heapq.heappush(self._ready, queue[0])
        for name, amount in self._demands[rank].items():
            self._used[name] += amount
        self._leave_line(kind)

    def _line_up(self, rank: int, lacking: str) -> None:
        kind = frozenset(self._demands[rank])
        if self._line_of.get(kind) != lacking:
            self._leave_line(kind)
        self._line_of[kind] = lacking
        heapq.heappush(self._lines.setdefault(lacking, []), rank)
        heapq.heappush(self._waiting, rank)

    def _leave_line(self, kind: _Kind) -> None:
        left = self._line_of.pop(kind, None)
        if left is not None:
            self._call_up(left)

    def _call_up(self, name: str) -> None:
        line = self._lines.get(name, [])
        if self._best(line, name) is not None:
            heapq.heappush(self._ready, heapq.heappop(line))
