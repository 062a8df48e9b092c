"""A machine that has no more of something (all limits with `tools/faults_engine.py limits`)."""

import pytest

from faults_limits import LIMITS, Limit, is_possible, suffer
from faults_world import world

pytestmark = pytest.mark.faults


def of(name: str, *least: int) -> list[Limit]:
    """Choose limits."""
    return [limit for limit in LIMITS if limit.name == name and limit.least in least and is_possible(limit)]


TIGHT = (
    *of("open files", 24, 18, 12),
    *of("MiB of address space", 128),
    *of("bytes in a file", 4096),
    *of("processes", 0),
)
ENOUGH = (*of("open files", 40), *of("MiB of address space", 512))


def test_a_limit_that_is_too_tight_is_told_in_one_line_and_harms_nothing() -> None:
    with world() as made:
        made.recover()
        assert not {limit: wrong for limit in TIGHT if (wrong := suffer(made, limit)[1])}


def test_forty_open_files_and_half_a_gigabyte_are_enough() -> None:
    with world() as made:
        made.recover()
        assert [suffer(made, limit)[0].code for limit in ENOUGH] == [0, 0]
