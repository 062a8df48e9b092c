"""System calls that fail once: a clear error, and the store goes on (more with `tools/faults_store.py errors`)."""

import faults_errors as errors
import pytest

pytestmark = pytest.mark.faults

_FAILING = (
    ("openat", "O_TMPFILE", "EIO"), ("openat", ".lock", "EIO"), ("openat", "objects/", "EIO"), ("read", "page", "EIO"),
    ("write", "small", "EDQUOT"), ("linkat", "objects/", "EIO"), ("utimensat", "", "EIO"), ("flock", "LOCK_SH", "EIO"),
    ("flock", "LOCK_UN", "EIO"), ("fdatasync", "", "EIO"), ("pwrite64", "", "EIO"), ("rename", ".pivot-", "EDQUOT"),
    ("renameat2", "", "EIO"), ("unlink", "leases/", "EIO"), ("unlink", ".pivot-", "EIO"), ("chmod", ".pivot-", "EIO"),
    ("mkdir", "objects/", "EDQUOT"), ("readv", "", "EIO"), ("readv", "", "EINTR"), ("symlink", "", "EIO"),
    ("fsync", "", "EIO"),
)  # fmt: skip


def test_a_call_that_fails_is_an_error_or_tried_again_and_nothing_is_lost_or_left(tmp_path):
    # Fails if `_discard` forgets what it could not remove, or `_told` lets an error of the system through.
    if not errors.is_here():
        pytest.skip("no strace here, or it may not trace")
    made = errors.calls(tmp_path)
    chosen = [(call, error, errors.first(made, call, passed)) for call, passed, error in _FAILING]
    score = errors.inject(tmp_path, chosen)
    assert score.wrong == ()
    assert score.refused > len(chosen) // 2
