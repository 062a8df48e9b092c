"""Runs whose whole process group is killed at any instant (1,000 of them with `tools/faults_engine.py kills`)."""

import pytest

from faults_kills import kills
from faults_world import world

pytestmark = pytest.mark.faults

_SEEDS, _KILLS = 4, 50


@pytest.mark.parametrize("seed", range(_SEEDS))
def test_after_a_kill_at_any_instant_the_next_run_gives_what_a_clean_one_gives(seed: int) -> None:
    with world() as made:
        done = list(kills(made, _KILLS, seed))
    assert not [wrong for _, wrong in done if wrong]
    assert sum(was_running for was_running, _ in done) > _KILLS // 4
