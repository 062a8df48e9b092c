import os

import pytest

from pivot.cache import hash_bytes
from pivot.cache.files import CANONICAL_MTIME_NS
from pivot.cache.verify import Verifier


@pytest.fixture
def tree(cache, work):
    (work / "d").mkdir()
    (work / "d" / "a").write_bytes(b"a" * 10)
    (work / "d" / "b").write_bytes(b"b" * 10)
    return cache.put(work / "d")


def test_a_good_store_is_clean(cache, tree):
    report = cache.verify()
    assert report.clean
    assert (report.examined, report.kept) == (3, 3)
    assert report.examined_bytes > 20


def test_a_flipped_byte_is_found_also_if_the_seal_fits(cache, tree, where):
    path = where(hash_bytes(b"a" * 10))
    path.chmod(0o644)
    path.write_bytes(b"a" * 9 + b"A")
    path.chmod(0o444)
    os.utime(path, ns=(CANONICAL_MTIME_NS, CANONICAL_MTIME_NS))
    name = next(entry.name for entry in cache.tree(tree).files if entry.path == "a")
    cache._seals.seal(name, path.stat())
    assert cache.has(name.digest)
    report = cache.verify()
    assert report.damaged == (name.digest,)
    assert report.incomplete == (tree,)
    assert not report.clean
    assert not cache.has(name.digest)


def test_a_tree_without_a_member_is_incomplete(cache, tree, where):
    where(hash_bytes(b"a" * 10)).unlink()
    assert cache.verify().incomplete == (tree,)
    assert cache.verify([tree]).incomplete == (tree,)


def test_a_manifest_that_is_none_is_incomplete(cache):
    from pivot.cache.digest import Kind

    digest = cache._objects.put_bytes(b"nonsense", Kind.TREE).digest
    assert cache.verify().incomplete == (digest,)


def test_only_what_was_named_is_looked_at(cache, tree, where, vandalise):
    vandalise(where(hash_bytes(b"a" * 10)), b"x")
    report = cache.verify([hash_bytes(b"b" * 10), hash_bytes(b"never")])
    assert report.clean
    assert report.examined == 1
    assert report.missing == (hash_bytes(b"never"),)


def test_a_sample_looks_at_a_part_and_all_of_it_at_everything(cache, tree):
    for number in range(100):
        cache.put_bytes(b"%d" % number)
    assert 0 < cache.verify(sample=0.5).examined < 103
    assert cache.verify(sample=0.0).examined == 0
    assert cache.verify(sample=1.0).examined == 103


def test_what_was_stored_before_a_moment_is_left_out(cache, tree, where, tick):
    tick()
    new = cache.put_bytes(b"new")
    report = cache.verify(since=where(new).stat().st_ctime)
    assert (report.examined, report.examined_bytes) == (1, 3)


def test_what_is_drawn_is_bounded_in_number_and_in_bytes(cache):
    # Fails if small files count for their bytes, or one is taken that is too large for what is left.
    for number in range(40):
        cache.put_bytes(b"%d" % number)
    cache.put_bytes(bytes(3 << 20))
    assert cache.verify_some(16 * (128 << 10)).examined in (15, 16)
    assert cache.verify_some(3 << 20).examined_bytes <= 3 << 20
    assert cache.verify_some(64 << 20).examined == 41


def test_other_objects_are_drawn_each_time(cache):
    names = {cache.put_bytes(b"%d" % number) for number in range(40)}
    drawn = {
        name.digest for _ in range(30) for name in Verifier(cache._layout, cache._objects, cache._seals).draw(1 << 20)
    }
    assert len(drawn) > 8
    assert drawn <= names
