"""Wait until one of several worker processes has something to say, or has ended."""

import math
import select

from pivot.engine.workers import Worker

_LOOK_EVERY = 0.1
"""Seconds between looks, where the system does not tell when a process ends."""


class Ears:
    """Listens to workers."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._heard: dict[int, tuple[Worker, bool]] = {}
        """By descriptor: whose it is, and whether it tells that its process has ended."""
        self._unhandled: set[Worker] = set()
        """Those of which nobody tells that they have ended."""

    def add(self, worker: Worker) -> None:
        """Listen to one more."""
        self._listen(worker.inbox.descriptor, worker, ends=False)
        if worker.handle is not None:
            self._listen(worker.handle, worker, ends=True)
        else:
            self._unhandled.add(worker)

    def _listen(self, descriptor: int, worker: Worker, *, ends: bool) -> None:
        self._poll.register(descriptor, select.POLLIN)
        self._heard[descriptor] = worker, ends

    def mute(self, worker: Worker) -> None:
        """Let a worker that has closed its end of the pipe be heard only when it ends."""
        self._forget(worker.inbox.descriptor)

    def discard(self, worker: Worker) -> None:
        """Listen to it no longer."""
        for descriptor in [descriptor for descriptor, heard in self._heard.items() if heard[0] is worker]:
            self._forget(descriptor)
        self._unhandled.discard(worker)

    def _forget(self, descriptor: int) -> None:
        if self._heard.pop(descriptor, None) is not None:
            self._poll.unregister(descriptor)

    def wait(self, seconds: float) -> dict[Worker, bool]:
        """Give those that have something to say or have ended, and whether they have; none if nobody does for so long.

        What a process said before it ended is in the pipe when its end is told.
        """
        if self._unhandled:
            seconds = min(seconds, _LOOK_EVERY)
        ready = self._poll.poll(None if math.isinf(seconds) else math.ceil(max(seconds, 0) * 1000))
        heard: dict[Worker, bool] = {}
        for descriptor, _ in ready:
            worker, ends = self._heard[descriptor]
            heard[worker] = ends or heard.get(worker, False)
        for worker in self._unhandled:
            if worker.is_dead():
                heard[worker] = True
        return heard
