import os

import pytest

from pivot.cache import BadDigestError, BusyError, Cache, DamagedError, hash_bytes
from pivot.cache.locks import locked
from pivot.cache.names import parse

_HOLD = """
import sys
from pivot.cache import Cache
cache = Cache(sys.argv[1])
digest = cache.put_bytes(b"claimed") if len(sys.argv) == 2 else cache.restore(sys.argv[2], sys.argv[3])
print(digest, flush=True)
sys.stdin.read()
"""


def _collect(root, roots, **options):
    with Cache(root) as cache:
        return cache.gc(roots, **{"grace": 0.0, **options})


def test_what_a_root_names_stays_with_all_that_it_holds(root, filled):
    tree, single = filled
    report = _collect(root, [tree])
    assert report.removed == (single,)
    assert report.kept == 3
    with Cache(root) as cache:
        assert cache.has(tree)
        assert not cache.has(single)


def test_without_roots_everything_goes(root, filled):
    report = _collect(root, [])
    assert (report.examined, len(report.removed), report.kept) == (4, 4, 0)
    assert report.removed_bytes > 0
    with Cache(root) as cache:
        assert list(cache.digests()) == []


def test_a_file_that_a_root_and_a_tree_name_stays_with_either(root, filled):
    _collect(root, [hash_bytes(b"a"), hash_bytes(b"a")])
    with Cache(root) as cache:
        assert list(cache.digests()) == [hash_bytes(b"a")]


def test_a_dry_run_says_what_would_go_and_deletes_nothing(root, filled):
    report = _collect(root, [], dry_run=True)
    assert report.dry_run
    assert len(report.removed) == 4
    with Cache(root) as cache:
        assert len(list(cache.digests())) == 4


def test_what_is_younger_than_the_grace_stays(root, filled):
    assert _collect(root, [], grace=3600.0).removed == ()


def test_what_was_used_within_the_grace_stays(root, filled):
    with Cache(root) as cache:
        seal = cache._seals.get(parse(filled[1]))
        cache._index.put(b"o" + parse(filled[1]).raw, seal._replace(last_used=2**32 - 1).pack())
    assert filled[1] not in _collect(root, []).removed


def test_what_a_living_process_stored_stays(root, filled, start, tick):
    # Fails if a sweep does not ask for claims.
    process = start(_HOLD, root)
    digest = process.stdout.readline().decode().strip()
    tick()
    assert digest not in _collect(root, []).removed
    process.kill()
    process.wait()
    assert digest in _collect(root, []).removed


def test_what_a_living_process_restored_stays_with_its_members(root, filled, start, work):
    # Fails if the members of a claimed tree are no claims.
    tree, single = filled
    process = start(_HOLD, root, tree, work / "out")
    process.stdout.readline()
    assert _collect(root, []).removed == (single,)


def test_what_was_claimed_after_the_roots_were_read_stays_although_its_process_has_ended(root, filled):
    _, single = filled

    def roots():
        with Cache(root) as other:
            assert other.put_bytes(b"single") == single  # old: neither its age nor its last use protects it
        yield from ()

    assert single not in _collect(root, roots()).removed
    assert _collect(root, []).removed == (single,)


def test_what_this_process_claims_stays(cache):
    digest = cache.put_bytes(b"mine")
    assert cache.gc([], grace=0.0).removed == ()
    assert cache.has(digest)


def test_a_root_that_is_not_here_is_reported_and_no_error(root, filled):
    tree, _ = filled
    gone = [hash_bytes(b"elsewhere"), "b3t:" + "0" * 64]
    assert set(_collect(root, [*gone, tree]).missing_roots) == set(gone)
    assert _collect(root, [tree]).missing_roots == ()


def test_a_damaged_manifest_stops_the_collection(root, filled, where, vandalise):
    tree, _ = filled
    vandalise(where(tree), b"torn")
    with pytest.raises(DamagedError):
        _collect(root, [tree])
    with Cache(root) as cache:
        assert cache.has(hash_bytes(b"a"))


def test_a_root_that_is_no_digest_stops_the_collection(root, filled):
    with pytest.raises(BadDigestError):
        _collect(root, ["junk"])


def test_roots_are_read_after_the_clock(root, filled):
    def roots():
        with Cache(root) as other:
            made.append(other.put_bytes(b"made meanwhile"))
        yield from ()

    made: list[str] = []
    report = _collect(root, roots())
    assert made[0] not in report.removed
    assert len(report.removed) == 4


def test_one_collection_at_a_time(root, cache):
    with locked(str(root / "gc.lock")), pytest.raises(BusyError):
        cache.gc([])


def test_quarantine_is_emptied_when_it_is_old(root, filled, where, vandalise, tick):
    vandalise(where(filled[1]), b"SINGLE")
    with Cache(root) as cache:
        assert not cache.has(filled[1])
    (root / "quarantine" / "index-1").mkdir()
    _collect(root, [])
    assert len(os.listdir(root / "quarantine")) == 2
    _collect(root, [], dry_run=True, keep_quarantine=0.0)
    assert len(os.listdir(root / "quarantine")) == 2
    tick()
    _collect(root, [], keep_quarantine=0.0)
    assert os.listdir(root / "quarantine") == []


def test_a_broken_tree_that_is_claimed_does_not_stop_the_collection(root, filled, where, vandalise):
    tree, _ = filled
    with Cache(root) as cache:
        cache._objects.held(parse(tree))
        vandalise(where(tree), b"torn")
        assert cache.gc([], grace=0.0).removed != ()


def test_a_directory_in_the_place_of_an_object_does_not_stop_the_collection(root, filled, where, tick):
    tree, single = filled
    where(single).unlink()
    where(single).mkdir()
    tick()
    assert set(_collect(root, [tree]).removed) == {single}
    assert len(os.listdir(root / "quarantine")) == 1
    assert _collect(root, [tree]).examined == 3
