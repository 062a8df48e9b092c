"""Garbage in place of pivot's own files, a sample of it (all with `tools/faults_engine.py damage`)."""

import pytest

from faults_damage import damages, read_only
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


def test_a_project_that_nobody_may_write_to_can_be_looked_at_and_says_what_it_needs_to_run() -> None:
    with world() as made:
        made.recover()
        looked = read_only(made, "status", "--all")
        assert looked.code == 0, looked.err
        assert "up to date" in looked.err
        assert read_only(made, "run", "--all").code == 0
        forced = read_only(made, "run", "-f", "head")
        assert forced.code in (1, 2), forced
        assert f"chmod u+w {made.root}" in forced.err
        assert made.recover() == []
