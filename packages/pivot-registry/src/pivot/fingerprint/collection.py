"""When the collector need not look."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_USUAL = gc.get_threshold()
_RARELY = 250_000
"""Objects made before the collector looks: most of what a command makes stays until it ends.

So many are made by a run of a thousand stages, and of garbage, which is a tenth of that, there are 5 MB at most.
"""


def collect_rarely() -> None:
    """Let the collector look as seldom as a command needs it."""
    gc.set_threshold(_RARELY)


def collect_as_usual() -> None:
    """Let the collector look as often as Python does by itself."""
    gc.set_threshold(*_USUAL)


@contextmanager
def without_collection() -> Iterator[None]:
    """Make many objects that stay, as trees, graphs and snapshots are: the collector would take most of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            if gc.get_freeze_count() == 0:  # what was made here is old already: not worth a young collection
                gc.freeze()
                gc.unfreeze()
            gc.enable()
