import os
import random

import pytest

from pivot.cache import Cache, ChangedError, EntryKind, NotStorableError, UnsafeTreeError, hash_bytes, signature


@pytest.fixture
def folder(work):
    top = work / "d"
    (top / "sub" / "deep").mkdir(parents=True)
    (top / "empty").mkdir()
    (top / "sub" / "a").write_bytes(b"aa")
    (top / "sub-b").write_bytes(b"b")
    (top / "sub" / "deep" / "run").write_bytes(b"#!")
    (top / "sub" / "deep" / "run").chmod(0o755)
    (top / "link").symlink_to("sub/a")
    (top / os.fsdecode(b"\xff\xfe")).write_bytes(b"")
    return top


_LARGE = bytes((1 << 16) + 1)
"""What is looked up, however young it is: a small file is read."""


def _forge(path, data):
    """Change the bytes so that only a hash can tell: same size, and the time put back."""
    before = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_the_digest_of_a_file_is_that_of_its_bytes(cache, work):
    (work / "f").write_bytes(b"abc")
    assert cache.measure(work / "f")[:2] == (hash_bytes(b"abc"), 3)
    assert cache.store(work / "f") == (hash_bytes(b"abc"), 3)
    assert cache.store(str(work / "f")) == (hash_bytes(b"abc"), 3)


def test_the_digest_of_a_directory_is_the_one_it_is_stored_under(cache, folder):
    before = cache.measure(folder)
    stored = cache.store(folder)
    assert before[:2] == stored == cache.measure(folder)[:2]
    assert stored.digest.startswith("b3t:")
    assert stored.size == 5


def test_a_directory_is_stored_with_all_that_it_holds(cache, folder):
    entries = {entry.path: entry for entry in cache.tree(cache.put(folder)).entries}
    assert sorted(entries) == ["empty", "link", "sub-b", "sub/a", "sub/deep/run", "\udcff\udcfe"]
    assert entries["sub/a"].digest == hash_bytes(b"aa")
    assert entries["sub/deep/run"].executable
    assert not entries["sub/a"].executable
    assert entries["link"].target == "sub/a"
    assert entries["empty"].kind is EntryKind.FOLDER


def test_the_digest_does_not_depend_on_where_or_when(cache, folder, work):
    first = cache.digest_of(folder)
    folder.rename(work / "moved")
    os.utime(work / "moved" / "sub-b", ns=(0, 0))
    assert cache.digest_of(work / "moved") == first


@pytest.mark.parametrize("change", ["bytes", "same size and time", "mode", "name", "new", "gone", "link", "empty gone"])
def test_every_change_of_a_directory_changes_its_digest(cache, folder, change):
    before = cache.digest_of(folder)
    if change == "bytes":
        (folder / "sub-b").write_bytes(b"c+")
    elif change == "same size and time":
        _forge(folder / "sub-b", b"c")
    elif change == "mode":
        (folder / "sub-b").chmod(0o755)
    elif change == "name":
        (folder / "sub-b").rename(folder / "sub-c")
    elif change == "new":
        (folder / "sub" / "new").touch()
    elif change == "gone":
        (folder / "sub" / "a").unlink()
    elif change == "link":
        (folder / "link").unlink()
        (folder / "link").symlink_to("sub-b")
    else:
        (folder / "empty").rmdir()
    assert cache.digest_of(folder) != before


@pytest.mark.parametrize("rest", [b"", _LARGE])
def test_two_edits_of_the_same_size_within_a_tick_are_both_seen(cache, work, rest):
    # Each edit follows at once on the digest of the one before: the racy case.
    path = work / "f"
    for number in range(300):
        data = b"%04d" % number + rest
        path.write_bytes(data)
        assert cache.digest_of(path) == hash_bytes(data)


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("rest", [b"", _LARGE])
def test_no_rewrite_of_the_same_size_right_after_hashing_is_missed(cache, work, seed, rest):
    # Twenty thousand in all. Fails if the ctime is left out of the signature. Since Linux 6.13 a ctime that was looked
    # at is never given twice, so that `is_racy` could say no there; test_signature and test_facts know older kernels.
    chance = random.Random(seed)
    paths = [work / str(number) for number in range(5)]
    measured = {}
    for path in paths:
        path.write_bytes(bytes(8) + rest)
        measured[path] = cache.measure(path)
    for number in range(5000):
        path = chance.choice(paths)
        times = path.stat().st_atime_ns, path.stat().st_mtime_ns
        data = b"%d-%06d" % (seed, number)
        with path.open("r+b") as file:
            file.write(data)
        if chance.random() < 0.5:
            os.utime(path, ns=times)
        if chance.random() < 0.1:
            cache.put(path)
        assert measured[path].seen != signature(path)
        assert cache.digest_of(path) == hash_bytes(data + rest)
        measured[path] = cache.measure(path)
        assert measured[path].digest == hash_bytes(data + rest)


def test_the_stat_of_a_file_is_proof_when_it_was_old_enough(cache, work):
    path = work / "f"
    path.write_bytes(b"abc")
    os.utime(path, (2**32, 2**32))  # from the future
    assert cache.measure(path).seen is None
    os.utime(path, (0, 0))
    while (seen := cache.measure(path).seen) is None:
        pass
    assert seen == signature(path)
    assert cache.measure(work).seen is None


def test_two_edits_within_a_tick_are_both_seen_in_a_directory(cache, work):
    (work / "d").mkdir()
    seen = set()
    for number in range(100):
        (work / "d" / "f").write_bytes(b"%04d" % number)
        seen.add(cache.digest_of(work / "d"))
    assert len(seen) == 100


@pytest.mark.parametrize("rest", [b"", _LARGE])
def test_an_edit_right_after_a_restore_is_seen(cache, work, rest):
    digest = cache.put_bytes(b"0000" + rest)
    for number in range(1, 100):
        cache.restore(digest, work / "f")
        assert cache.digest_of(work / "f") == digest
        (work / "f").write_bytes(b"%04d" % number + rest)
        assert cache.digest_of(work / "f") == hash_bytes(b"%04d" % number + rest)


def test_an_unchanged_file_is_not_read(cache, work, opened):
    path = work / "f"
    path.write_bytes(b"abc")
    before = cache.put(path)
    cache.restore(before, path)
    cache.digest_of(path)
    with opened() as paths:
        assert cache.digest_of(path) == before
    assert paths == []


def test_an_unchanged_directory_costs_stats_only(cache, folder, opened):
    digest = cache.put(folder)
    cache.restore(digest, folder)
    cache.digest_of(folder)
    with opened() as paths:
        assert cache.digest_of(folder) == digest
    assert paths == []


def test_what_is_known_survives_in_the_index(root, work, opened):
    (work / "f").write_bytes(bytes(9 << 20))
    with Cache(root) as cache:
        digest = cache.digest_of(work / "f")
    with Cache(root) as cache:
        with opened() as paths:
            assert cache.digest_of(work / "f") == digest
        assert str(work / "f") not in paths


def test_a_large_file_is_known_right_after_it_was_stored(cache, work, opened):
    (work / "f").write_bytes(bytes(9 << 20))
    cache.put(work / "f")
    with opened() as paths:
        cache.put(work / "f")
    assert paths == []


def test_storing_an_unchanged_directory_heals_a_member(cache, folder, where):
    digest = cache.put(folder)
    lost = where(hash_bytes(b"aa"))
    lost.unlink()
    assert not cache.has(digest)
    assert cache.put(folder) == digest
    assert cache.has(digest)
    assert lost.read_bytes() == b"aa"


def test_storing_an_unchanged_file_heals_its_object(cache, work, where):
    (work / "f").write_bytes(bytes(9 << 20))
    digest = cache.put(work / "f")
    where(digest).unlink()
    assert cache.put(work / "f") == digest
    assert cache.has(digest)


def test_a_link_to_a_file_is_read_through_but_not_stored(cache, work):
    (work / "f").write_bytes(b"abc")
    (work / "link").symlink_to("f")
    assert cache.digest_of(work / "link") == hash_bytes(b"abc")
    with pytest.raises(NotStorableError, match="symbolic link"):
        cache.put(work / "link")


def test_a_link_that_leaves_the_directory_is_read_through_but_not_stored(cache, folder, work):
    (work / "outside").mkdir()
    (work / "outside" / "f").write_bytes(b"o")
    before = cache.digest_of(folder)
    (folder / "out").symlink_to(work / "outside" / "f")
    (folder / "dir").symlink_to("../outside")
    with pytest.raises(NotStorableError, match="links out of its directory"):
        cache.put(folder)
    with_links = cache.digest_of(folder)
    assert with_links != before
    (work / "outside" / "f").write_bytes(b"changed")
    assert cache.digest_of(folder) != with_links


def test_links_that_lead_back_or_nowhere_are_errors(cache, folder, work):
    (folder / "loop").symlink_to(work)
    with pytest.raises(NotStorableError, match="leads back"):
        cache.digest_of(folder)
    (folder / "loop").unlink()
    (folder / "null").symlink_to("/dev/null")
    with pytest.raises(NotStorableError, match="no file or directory"):
        cache.digest_of(folder)
    (folder / "null").unlink()
    (folder / "dangling").symlink_to("/no/such/file")
    with pytest.raises(ChangedError):
        cache.digest_of(folder)


def test_a_link_that_leaves_through_another_is_refused(cache, folder):
    (folder / "sub" / "up").symlink_to("..")
    (folder / "out").symlink_to("sub/up/../secret")
    with pytest.raises(UnsafeTreeError):
        cache.put(folder)


def test_a_fifo_in_a_directory_is_named(cache, folder):
    os.mkfifo(folder / "pipe")
    with pytest.raises(NotStorableError, match="pipe"):
        cache.digest_of(folder)


def test_what_is_not_there_is_the_systems_own_error(cache, work):
    with pytest.raises(FileNotFoundError):
        cache.digest_of(work / "none")
    with pytest.raises(FileNotFoundError):
        cache.put(work / "none")


def test_a_directory_of_many_files_goes_through_pages(cache, work):
    (work / "many").mkdir()
    for number in range(4200):
        (work / "many" / f"{number}").write_bytes(b"%d" % (number % 7))
    stored = cache.put(work / "many")
    assert len(cache.tree(stored).entries) == 4200
    assert cache.has(stored)
    cache.restore(stored, work / "back")
    assert cache.digest_of(work / "back") == stored


def test_times_before_1970_and_in_the_far_future_are_only_times(cache, work):
    path = work / "f"
    path.write_bytes(b"x")
    for moment in (-5 * 10**9, -1, 0, 2**33 * 10**9):
        os.utime(path, ns=(moment, moment))
        assert cache.digest_of(path) == hash_bytes(b"x")
        assert cache.digest_of(path) == hash_bytes(b"x")
