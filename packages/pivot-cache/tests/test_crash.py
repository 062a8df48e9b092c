"""Processes killed at any instant, and many of them at once (see `faults_soak` and `faults_hammer`)."""

import faults_hammer as hammer
import faults_soak as soak
import pytest

pytestmark = pytest.mark.faults

_CHUNKS, _KILLS = 8, 125
"""A thousand kills; more with `tools/faults_store.py kills`."""


@pytest.mark.parametrize("seed", range(_CHUNKS))
def test_killing_processes_at_any_instant_leaves_a_good_store(tmp_path, seed):
    # Fails if `_announced` does not write the temporary name down before it is made.
    score = soak.soak(tmp_path, _KILLS, seed)
    assert score.kills == _KILLS
    assert score.looks > 0
    assert score.edits > 0


@pytest.mark.parametrize("vandal", [False, True])
def test_sixteen_processes_at_once_never_see_wrong_bytes_nor_an_error_that_is_not_documented(tmp_path, vandal):
    assert hammer.hammer(tmp_path, 16, steps=40, vandal=vandal).steps == 640
