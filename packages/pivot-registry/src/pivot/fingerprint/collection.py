"""When the collector need not look."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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
