"""How many threads the libraries of a worker may start."""

import pytest

from pivot.engine.threads import thread_limits


@pytest.mark.parametrize(("jobs", "cores", "share"), [(2, 8, "4"), (3, 8, "2"), (8, 8, "1"), (16, 8, "1")])
def test_workers_share_the_cores(jobs: int, cores: int, share: str) -> None:
    limits = thread_limits({}, jobs, cores)
    assert limits["OMP_NUM_THREADS"] == limits["POLARS_MAX_THREADS"] == share


def test_what_the_user_has_set_stays() -> None:
    assert "OMP_NUM_THREADS" not in thread_limits({"OMP_NUM_THREADS": "3"}, 2, 8)
    assert "MKL_NUM_THREADS" in thread_limits({"OMP_NUM_THREADS": "3"}, 2, 8)


def test_who_is_alone_has_no_limit() -> None:
    assert thread_limits({}, 1, 8) == {}
