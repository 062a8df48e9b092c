"""Stories of a project, a few of them (more with `tools/faults_engine.py machine`)."""

import pytest

from faults_machine import machine

pytestmark = pytest.mark.faults


def test_whatever_is_done_to_a_project_a_run_gives_what_a_clean_rebuild_gives() -> None:
    machine(6, 8, always_the_same=True)
