import os

from pivot.cache import Signature, is_racy, signature
from pivot.cache.signature import COARSE_NS, TICK_NS

_NOW = 1_700_000_000_123_456_789


def _at(mtime, ctime=None):
    return Signature(1, mtime, mtime if ctime is None else ctime, 1, False)


def test_a_signature_has_what_an_edit_must_change(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"abc")
    before = signature(path)
    assert before.size == 3
    assert not before.executable
    path.chmod(0o755)
    assert signature(path).executable
    os.utime(path, ns=(0, before.mtime_ns))
    assert signature(path).ctime_ns >= before.ctime_ns


def test_a_file_written_in_the_tick_of_being_hashed_is_racy():
    assert is_racy(_at(_NOW), _NOW)
    assert is_racy(_at(_NOW - TICK_NS), _NOW)
    assert not is_racy(_at(_NOW - TICK_NS - 1), _NOW)


def test_a_change_that_only_the_ctime_shows_is_racy_too():
    assert is_racy(_at(0, _NOW), _NOW)


def test_a_file_from_the_future_is_racy():
    assert is_racy(_at(_NOW + 10**18), _NOW)


def test_a_clock_of_whole_seconds_needs_two_seconds():
    second = _NOW // 10**9 * 10**9
    assert is_racy(_at(second - COARSE_NS + 10**9), second)
    assert not is_racy(_at(second - COARSE_NS - 10**9), second)
