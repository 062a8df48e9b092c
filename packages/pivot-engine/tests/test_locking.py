"""Waiting for an OS lock."""

import pytest

from pivot.executor.locking import wait
from pivot.registry.errors import LockTimeoutError


def test_a_lock_that_is_free_when_the_time_is_over_is_taken() -> None:
    # As when this process was stopped (Ctrl-Z) while it waited, and the other one has ended.
    taken: list[bool] = []
    wait(taken.append, 0.0, "running this stage")
    assert taken == [False]


def test_a_lock_that_somebody_has_for_longer_is_given_up() -> None:
    def held(_block: bool) -> None:
        raise BlockingIOError

    with pytest.raises(LockTimeoutError, match=r"has been running this stage for more than 0\.01 s"):
        wait(held, 0.01, "running this stage")
