"""Wait until one of several worker processes has something to say, or has ended."""

import math
import select
from collections.abc import Iterable

from pivot.engine.workers import Worker

_LOOK_EVERY = 0.1
"""Seconds between looks, where the system does not tell when a process ends."""


class Ears:
    """Listens to workers."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._heard: dict[int, Worker] = {}
        self._unhandled: set[Worker] = set()
        """Those of which nobody tells that they have ended."""

    def add(self, worker: Worker) -> None:
        """Listen to one more."""
        self._listen(worker.inbox.descriptor, worker)
        if worker.handle is not None:
            self._listen(worker.handle, worker)
        else:
            self._unhandled.add(worker)

    def _listen(self, descriptor: int, worker: Worker) -> None:
        self._poll.register(descriptor, select.POLLIN)
        self._heard[descriptor] = worker

    def mute(self, worker: Worker) -> None:
        """Let a worker that has closed its end of the pipe be heard only when it ends."""
        self._forget(worker.inbox.descriptor)

    def discard(self, worker: Worker) -> None:
        """Listen to it no longer."""
        for descriptor in [descriptor for descriptor, heard in self._heard.items() if heard is worker]:
            self._forget(descriptor)
        self._unhandled.discard(worker)

    def _forget(self, descriptor: int) -> None:
        if self._heard.pop(descriptor, None) is not None:
            self._poll.unregister(descriptor)

    def wait(self, seconds: float) -> set[Worker]:
        """Give those that have something to say or have ended; none if nobody does for so long."""
        if self._unhandled:
            seconds = min(seconds, _LOOK_EVERY)
        ready = self._poll.poll(None if math.isinf(seconds) else math.ceil(max(seconds, 0) * 1000))
        return {self._heard[descriptor] for descriptor, _ in ready} | _dead(self._unhandled)


def _dead(workers: Iterable[Worker]) -> set[Worker]:
    return {worker for worker in workers if worker.is_dead()}
