import os
import time

import pytest

from pivot.cache.digest import Kind, name_of
from pivot.cache.facts import Clock, Facts, is_young, key_of, placed_mtime_ns
from pivot.cache.index import Index
from pivot.cache.objects import Content
from pivot.cache.rows import MemoryRows, Summary
from pivot.cache.signature import COARSE_NS, TICK_NS, Signature, signature

_NAME = name_of(b"x")
_SEEN = Signature(1, 1_234_567, 1_234_567, 3, False)


@pytest.fixture
def clock(tmp_path):
    made = Clock(str(tmp_path / "clock"), writable=True)
    yield made
    made.close()
    made.close()


@pytest.fixture
def facts(clock):
    return Facts(Index(MemoryRows), clock)


def test_a_known_file_is_known_while_its_signature_is_the_same(facts):
    assert facts.known([b"k"], [_SEEN]) == [None]
    assert facts.learn([(b"k", Content(_NAME, _SEEN), _SEEN.mtime_ns + 10**12)])
    assert facts.known([b"k"], [_SEEN]) == [_NAME]
    for changed in (
        _SEEN._replace(size=2),
        _SEEN._replace(mtime_ns=0),
        _SEEN._replace(ctime_ns=0),
        _SEEN._replace(ino=4),
        _SEEN._replace(executable=True),
    ):
        assert facts.known([b"k"], [changed]) == [None]


def test_a_racy_file_is_hashed_again_and_then_known(facts):
    assert not facts.learn([(b"k", Content(_NAME, _SEEN), _SEEN.mtime_ns)])
    assert facts.known([b"k"], [_SEEN]) == [None]
    assert facts.learn([(b"k", Content(_NAME, _SEEN), _SEEN.mtime_ns + 10**12)])
    assert facts.known([b"k"], [_SEEN]) == [_NAME]


def test_a_file_written_just_now_is_racy_without_a_look_at_the_clock(facts, clock):
    # Fails if `moment` gives a time after which the file may have changed.
    now = time.time_ns()
    fresh, old = _SEEN._replace(mtime_ns=now), _SEEN._replace(mtime_ns=now - 10 * TICK_NS)
    assert not facts.learn([(b"k", Content(_NAME, fresh), facts.moment(fresh, -1))])
    assert facts.known([b"k"], [fresh]) == [None]
    assert facts.moment(old, -1) <= time.time_ns() - COARSE_NS


def test_a_file_is_young_for_some_seconds():
    now = time.time_ns()
    fresh = _SEEN._replace(mtime_ns=now, ctime_ns=now)
    assert is_young(fresh)
    assert is_young(_SEEN._replace(mtime_ns=now - 10**9, ctime_ns=now - 10**9))
    assert not is_young(_SEEN._replace(mtime_ns=now - 60 * 10**9))
    assert not is_young(fresh._replace(mtime_ns=placed_mtime_ns()))


def test_one_look_at_the_clock_serves_all_files_that_were_old_then(facts, clock, tmp_path):
    # Fails if a file that was written since gets the time of an earlier look, or an old one another look.
    device = tmp_path.stat().st_dev
    taken = clock.now_ns(device)
    os.utime(tmp_path / "clock", ns=(0, 0))
    old, since = _SEEN._replace(mtime_ns=taken - 2 * TICK_NS - 1), _SEEN._replace(mtime_ns=taken - TICK_NS + 1)
    assert facts.moment(old, device) == taken
    assert (tmp_path / "clock").stat().st_mtime_ns == 0
    while facts.moment(since, device) == since.mtime_ns:  # it is too young by any clock
        pass
    assert facts.moment(since, device) > taken


def test_a_look_at_one_clock_says_nothing_of_another(facts, clock, tmp_path):
    taken = clock.now_ns(tmp_path.stat().st_dev)
    assert clock.latest_ns(-1) == 0
    assert facts.moment(_SEEN, -1) < taken


def test_a_file_has_one_key_however_it_is_named(tmp_path, monkeypatch):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").touch()
    monkeypatch.chdir(tmp_path / "d")
    paths = [str(tmp_path / "d" / "f"), "f", "./f", "../d/f", f"{tmp_path}//d/../d/f", "f/."]
    assert len({key_of(path) for path in paths}) == 1
    assert len({key_of(path) for path in (str(tmp_path / "d"), "../d", ".", "../d/", "../d/x/..")}) == 1
    assert key_of("/tmp")[9:] == b"tmp"


def test_a_file_that_we_made_is_known_at_once_unless_the_clock_is_coarse(facts):
    facts.learn_placed([(b"k", Content(_NAME, _SEEN))])
    assert facts.known([b"k"], [_SEEN]) == [_NAME]
    coarse = _SEEN._replace(mtime_ns=10**9, ctime_ns=10**9)
    facts.learn_placed([(b"k", Content(_NAME, coarse))])
    assert facts.known([b"k"], [coarse]) == [None]


def test_a_summary_holds_for_its_fingerprint(facts):
    summary = Summary(b"f" * 32, name_of(b"t", Kind.TREE), 7)
    facts.summarise(b"sk", summary)
    found = facts.summary(b"sk", b"f" * 32)
    assert found == summary
    assert facts.summary(b"sk", b"g" * 32) is None
    assert facts.summary(b"other", b"f" * 32) is None


def test_the_clock_is_the_file_systems_own(clock, tmp_path):
    device = tmp_path.stat().st_dev
    now = clock.now_ns(device)
    (tmp_path / "later").touch()
    assert now <= signature(tmp_path / "later").mtime_ns


def test_another_device_is_given_two_seconds(clock, tmp_path):
    clock.now_ns(tmp_path.stat().st_dev)
    assert clock.now_ns(-1) <= time.time_ns() - COARSE_NS


def test_a_place_that_cannot_be_written_has_no_clock_of_its_own(tmp_path):
    for clock in (Clock("/proc/no/clock", writable=True), Clock(str(tmp_path / "c"), writable=False)):
        assert clock.now_ns(tmp_path.stat().st_dev) <= time.time_ns() - COARSE_NS
    assert os.listdir(tmp_path) == []


def test_settling_waits_until_the_tick_is_over(facts, tmp_path):
    (tmp_path / "f").touch()
    seen = signature(tmp_path / "f")
    taken = facts.settle(max(seen.mtime_ns, seen.ctime_ns), tmp_path.stat().st_dev)
    assert taken >= max(seen.mtime_ns, seen.ctime_ns) + TICK_NS


def test_settling_does_not_wait_for_the_future(facts, tmp_path):
    facts.settle(time.time_ns() + 10**18, tmp_path.stat().st_dev)


def test_moving_a_checkout_keeps_its_keys_and_copying_does_not(tmp_path):
    (tmp_path / "a" / "d").mkdir(parents=True)
    (tmp_path / "b" / "d").mkdir(parents=True)
    key = key_of(str(tmp_path / "a" / "d" / "f"))
    assert key != key_of(str(tmp_path / "b" / "d" / "f"))
    (tmp_path / "a").rename(tmp_path / "moved")
    assert key == key_of(str(tmp_path / "moved" / "d" / "f"))


def test_a_key_fits_whatever_the_length_of_the_path(tmp_path):
    assert len(key_of(str(tmp_path / ("n" * 255)))) < 511


def test_a_restored_file_looks_older_than_any_later_edit():
    assert placed_mtime_ns() < time.time_ns() - 3 * TICK_NS
