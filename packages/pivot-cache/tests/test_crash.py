"""Processes killed at any instant."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

_SOAK = Path(__file__).with_name("soak.py")


@pytest.fixture
def soak():
    """The module with the steps, loaded by its path: it is also a program."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("pivot_cache_soak", _SOAK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _start(root, work, seed):
    command = [sys.executable, str(_SOAK), str(root), str(work), str(seed)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_killing_a_writer_at_any_instant_leaves_a_good_store(root, work, soak, capfd):
    chance = random.Random(1)
    for seed in range(25):
        process = _start(root, work, seed)
        # How far it gets is counted in steps; where in a step it is hit is up to the scheduler.
        assert process.stdout.read(chance.randrange(1, 60))
        process.kill()
        _, errors = process.communicate()
        assert errors == b""
        if chance.random() < 0.5:
            soak.vandalise(root, chance)
        soak.check(root, work)


def test_many_processes_at_once_never_see_wrong_bytes(root, work, soak):
    processes = [_start(root, work, seed) for seed in range(4)]
    for process in processes:
        assert len(process.stdout.read(150)) == 150
    for process in processes:
        process.kill()
        _, errors = process.communicate()
        assert errors == b"", errors.decode()
    assert soak.check(root, work) > 0


def test_collecting_while_others_work_takes_nothing_from_them(root, work, soak):
    from pivot.cache import Cache

    processes = [_start(root, work, seed) for seed in range(3)]
    for process in processes:
        process.stdout.read(5)
    with Cache(root) as cache:
        for _ in range(5):
            cache.gc([], grace=0.0)
            for process in processes:
                process.stdout.read(20)
    for process in processes:
        assert process.poll() is None, process.stderr.read()
        process.kill()
        _, errors = process.communicate()
        assert errors == b"", errors.decode()
    soak.check(root, work)
