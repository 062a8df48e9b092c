"""Garbage in place of pivot's own files, a sample of it (all with `tools/faults_engine.py damage`)."""

import pytest

from faults_damage import damages
from faults_world import world

pytestmark = pytest.mark.faults

_EVERY, _PARTS = 20, 2


@pytest.mark.parametrize("part", range(_PARTS))
def test_garbage_heals_or_is_told_in_one_line_that_names_the_file(part: int) -> None:
    with world() as made:
        done = dict(damages(made, lambda number, _: number % _EVERY == 3 + part * _EVERY // _PARTS))
    assert not {case: outcome.wrong for case, outcome in done.items() if outcome.wrong}
    assert any(outcome.said for outcome in done.values())
    assert any(not outcome.said for outcome in done.values())
