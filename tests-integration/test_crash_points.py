"""Crash points, a sample of them (all of them with `tools/faults_engine.py points`)."""

from itertools import count

import pytest

from faults_points import COURSES, problems
from faults_world import world

pytestmark = pytest.mark.faults

EVERY = 37


@pytest.mark.parametrize("name", COURSES)
def test_after_a_kill_before_any_change_the_next_run_gives_what_a_clean_one_gives(name: str) -> None:
    first = 1 + 11 * list(COURSES).index(name) % EVERY
    with world() as made:
        wrong = dict(problems(made, COURSES[name], count(first, EVERY)))
    assert not {number: lines for number, lines in wrong.items() if lines}
    assert len(wrong) > 1
