"""No space left: an error that says so, nothing half-written, and everything works once there is space."""

import os
import subprocess
import sys
from pathlib import Path

import faults_full
import pytest

from pivot.cache import Cache, hash_bytes

_LIMITED = """
import os, resource, sys
from pivot.cache import Cache, FullError
root, work = sys.argv[1:]
with Cache(root) as cache:
    small = cache.put_bytes(b"small")
    cache.flush()
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    refused = 0
    for attempt in (
        lambda: cache.put_bytes(bytes(1_000_000)),
        lambda: cache.put(work + "/large"),
        lambda: cache.remember("k", {"long": "x" * 1_000_000}),
        lambda: cache.restore(cache.digest_of(work + "/medium"), work + "/out"),
    ):
        try:
            attempt()
        except FullError as error:
            assert "no room for" in str(error), error
            refused += 1
    assert cache.get_bytes(small) == b"small"
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 200_000))
    with Cache(root, map_size=1 << 20) as reader:
        assert reader.get_bytes(small) == b"small"
        reader.restore(small, work + "/small")
        assert os.listdir(root + "/leases") != []
    assert os.listdir(root + "/tmp") == []
    assert cache.recall("k") is None
    print(refused)
"""


def test_a_file_size_limit_is_an_error_that_leaves_nothing(root, work):
    (work / "large").write_bytes(bytes(3_000_000))
    (work / "medium").write_bytes(bytes(1_200_000))
    with Cache(root) as cache:
        cache.put(work / "medium")
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(root), str(work)], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "4", done.stderr
    assert [name for name in os.listdir(work) if ".pivot-" in name] == []
    with Cache(root) as cache:
        assert cache.put(work / "large") == hash_bytes(bytes(3_000_000))


@pytest.mark.faults
def test_a_full_file_system_is_an_error_and_works_again_with_space(tmp_path):
    # Fails (SIGBUS) if the lock file of the index is left to LMDB, or if `_SPACE` does not know ENOSPC.
    program = Path(faults_full.__file__)
    command = ["unshare", "-rm", sys.executable, str(program), str(tmp_path), "4", "164", "8"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(program.parent)}
        )
    except FileNotFoundError:
        pytest.skip("no unshare here")
    if "cannot mount" in done.stdout or "unshare" in done.stderr:
        pytest.skip("nothing can be mounted here")
    assert done.stdout.splitlines()[-1].endswith(" 0 wrong"), done.stdout + done.stderr
