"""What must be at rest while a process forks, because the child gets it as it is just then."""

import os
import weakref
from typing import Protocol


class Resting(Protocol):
    """Something with a lock, or a file that parent and child may not both go on with."""

    def before_fork(self) -> None:
        """Come to rest."""
        ...

    def after_fork(self) -> None:
        """Go on, in the parent and in the child."""
        ...


def rest_around_forks(living: Resting) -> None:
    """Have this rest around each fork for as long as it lives."""
    # The registry of fork hooks has no removal, so the hooks must not keep it alive.
    reference = weakref.ref(living)
    held: list[Resting] = []

    def before() -> None:
        if (one := reference()) is not None:
            one.before_fork()
            held.append(one)

    def after() -> None:
        if held:
            held.pop().after_fork()

    os.register_at_fork(before=before, after_in_parent=after, after_in_child=after)
