"""Many processes that use one store at once, for some time or some steps.

As a program: `faults_hammer.py <seconds> [processes]` prints how much they did.
"""

import logging
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import faults_soak as soak
from faults_children import fork, result

from pivot.cache import Cache

_MAP = 64 << 10


class Work(NamedTuple):
    """What one process did, or all of them."""

    steps: int
    slowest: float
    """Seconds of the longest step."""


def hammer(place: Path, processes: int, *, steps: int = 10**9, seconds: float = 10**9, vandal: bool = False) -> Work:
    """Use a store from many processes; wrong bytes and errors that are not documented are raised."""
    for number in range(soak.NUMBERS):
        soak.digest(number)  # made once, for all children
    work = place / "work"
    work.mkdir()
    limit = int(min(seconds, 300) + 300)
    children = [fork(lambda seed=seed: _use(place, seed, steps, seconds, vandal), limit) for seed in range(processes)]
    done: list[Work] = [result(child) for child in children]  # type: ignore[misc]
    soak.check(place / "store", work)
    return Work(sum(one.steps for one in done), max(one.slowest for one in done))


def _use(place: Path, seed: int, steps: int, seconds: float, vandal: bool) -> Work:
    chance, end, done = random.Random(seed), time.monotonic() + seconds, Work(0, 0.0)
    with Cache(place / "store", map_size=_MAP) as cache:
        user = soak.User(cache, place / "work", chance, alone=not vandal)
        while done.steps < steps and time.monotonic() < end:
            if vandal and chance.random() < 0.01:
                soak.vandalise(place / "store", chance)
            started = time.monotonic()
            user.step()
            done = Work(done.steps + 1, max(done.slowest, time.monotonic() - started))
    return done


if __name__ == "__main__":
    logging.disable()
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 16
    with tempfile.TemporaryDirectory() as top:
        total = hammer(Path(top), count, seconds=float(sys.argv[1]))
    print(f"{count} processes, {total.steps} operations in {sys.argv[1]} s; 0 wrong bytes, 0 unhandled errors; "
          f"the slowest operation took {total.slowest:.1f} s")  # fmt: skip
