"""Power cuts at every point of what the store really does, read by the real reader (see `faults_powerloss`)."""

import os
import pickle
import random

import faults_powerloss as powerloss
import pytest
from faults_children import in_child
from faults_disk import Disk
from faults_recorder import Data, Names, Recorder, Synced

from pivot.cache import Cache, lmdbrows

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
    disk, chance = Disk(), random.Random(1)
    folders, marked, written = {}, set(), set()
    for op in powerloss.record(tmp_path, "off"):
        disk.apply(op)
        for folder, name, file in op.changes if isinstance(op, Names) else ():
            folders |= {file: folder} if name == "data.mdb" else {}
            marked |= {folder} if name == "unsynced" else set()
        if isinstance(op, Data) and folders.get(op.file) in marked:
            written.add(op.file)
        left = disk.left(chance)
        for index in written & left.files.keys():
            assert left.files[left.names[folders[index], "unsynced"]][0]
    assert len(written) == 2  # one of each boot


def test_an_index_with_the_inode_of_a_file_that_is_gone_is_a_new_file(tmp_path):
    # Fails if the recorder asks only once LMDB has made it: the writes would be those of the file that is gone.
    def run():
        recorder, opened = Recorder(str(tmp_path)), lmdbrows._open

        def reusing(place):
            environment = opened(place)
            recorder._ids[os.stat(f"{place.folder}/data.mdb").st_ino] = recorder._new(-1)
            return environment

        lmdbrows._open = reusing
        recorder.record(lambda _: Cache(tmp_path).sync(), b"1" * 16)
        return pickle.dumps(recorder.ops)

    ops = pickle.loads(in_child(run))
    assert [op.changes[0][1] for op in ops if isinstance(op, Names)].count("data.mdb") == 1


def test_the_model_loses_what_nobody_forced_to_the_disk(tmp_path):
    ops = [op for op in powerloss.record(tmp_path, "strict") if not isinstance(op, Synced)]
    everything = [cut.state for cut in powerloss.cuts(ops, random.Random(1), 1)]
    assert any(not state.names for state in everything[-50:])
    assert any(len(state.names) > 20 for state in everything[-50:])
