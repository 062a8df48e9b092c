"""Power cuts at every point of what the store really does, read by the real reader (see `faults_powerloss`)."""

import random

import faults_powerloss as powerloss
import pytest
from faults_disk import Disk
from faults_recorder import Data, Names, Synced

pytestmark = pytest.mark.faults

_STATES = 1000
"""For each policy; a hundred thousand with `tools/faults_store.py power`."""


@pytest.mark.parametrize("policy", powerloss.POLICIES)
def test_a_power_cut_costs_no_more_than_the_policy_says_and_never_right_bytes(tmp_path, policy):
    # Fails if `_mend` seals as durable what this boot made, or a folder lost by the cut is not made anew; under
    # `strict` if an object, a record, a name, or what somebody else stored is not forced to the disk.
    score = powerloss.play(tmp_path, policy, _STATES, seed=1)
    assert score.broken == ()
    assert score.states > _STATES * 0.9


def test_an_index_that_is_not_synced_never_outlives_its_mark(tmp_path):
    # Fails if `_mark_unsynced` does not force the mark to the disk.
    ops = powerloss.record(tmp_path, "off")
    files = {name: file for op in ops if isinstance(op, Names) for _, name, file in op.changes if file is not None}
    marked = next(at for at, op in enumerate(ops) if isinstance(op, Names) and op.changes[0][1] == "unsynced")
    disk, chance, written = Disk(), random.Random(1), False
    for at, op in enumerate(ops):
        disk.apply(op)
        written |= at > marked and isinstance(op, Data) and op.file == files["data.mdb"]
        left = disk.left(chance).files
        assert not written or files["data.mdb"] not in left or left[files["unsynced"]][0]
    assert written


def test_the_model_loses_what_nobody_forced_to_the_disk(tmp_path):
    ops = [op for op in powerloss.record(tmp_path, "strict") if not isinstance(op, Synced)]
    everything = [cut.state for cut in powerloss.cuts(ops, random.Random(1), 1)]
    assert any(not state.names for state in everything[-50:])
    assert any(len(state.names) > 20 for state in everything[-50:])
