import os
import stat
import time

import pytest

from pivot.cache import (
    DamagedError,
    Entry,
    EntryKind,
    Link,
    MissingError,
    NotStorableError,
    UnsafeTargetError,
    UnsafeTreeError,
    hash_bytes,
)
from pivot.cache.digest import Kind, name_of
from pivot.cache.exchange import _rename_exchange, _swap, exchange, link_text
from pivot.cache.links import Linker, Spot
from pivot.cache.restore import Restorer, Wanted
from pivot.cache.signature import TICK_NS
from pivot.cache.tree import encode

_MODES = list(Link)


@pytest.fixture(params=_MODES, ids=lambda mode: mode.value)
def mode(request):
    return (request.param,)


@pytest.fixture
def digest(cache):
    return cache.put_bytes(b"precious")


@pytest.fixture
def tree(cache, work):
    (work / "d" / "sub").mkdir(parents=True)
    (work / "d" / "empty").mkdir()
    (work / "d" / "sub" / "run").write_bytes(b"#!")
    (work / "d" / "sub" / "run").chmod(0o755)
    (work / "d" / "plain").write_bytes(b"p" * 3000)
    (work / "d" / "link").symlink_to("sub/run")
    return cache.put(work / "d")


def _litter(folder):
    return [path.name for path in folder.rglob("*") if ".pivot-" in path.name]


def test_a_file_is_restored_in_every_mode(cache, work, digest, mode):
    # Fails if a file is made at its target and not beside it.
    cache.restore(digest, work / "out", link=mode)
    assert (work / "out").read_bytes() == b"precious"
    assert cache.digest_of(work / "out") == digest
    assert _litter(work) == []
    assert cache.has(digest)


def test_a_tree_is_restored_in_every_mode(cache, work, tree, mode):
    cache.restore(tree, work / "out", link=mode)
    assert cache.digest_of(work / "out") == tree
    assert os.access(work / "out" / "sub" / "run", os.X_OK)
    assert os.readlink(work / "out" / "link") == "sub/run"
    assert (work / "out" / "empty").is_dir()
    assert cache.put(work / "out") == tree
    assert _litter(work) == []


def test_only_links_share_a_file_with_the_store(cache, work, digest, where):
    for mode, shared in ((Link.COPY, False), (Link.HARDLINK, True), (Link.SYMLINK, True)):
        cache.restore(digest, work / "out", link=(mode,))
        assert os.path.samefile(work / "out", where(digest)) is shared


def test_a_copy_is_writable_as_the_umask_says_and_a_hard_link_is_not(cache, work, digest):
    (work / "probe").touch()
    cache.restore(digest, work / "out")
    assert (work / "out").stat().st_mode == (work / "probe").stat().st_mode
    cache.restore(digest, work / "out", link=(Link.HARDLINK,))
    assert stat.S_IMODE((work / "out").stat().st_mode) == 0o444


def test_an_executable_is_always_a_copy(cache, work, digest, mode, where):
    cache.restore(digest, work / "out", link=mode, executable=True)
    assert os.access(work / "out", os.X_OK)
    assert not os.path.samefile(work / "out", where(digest))


@pytest.mark.parametrize("old", ["nothing", "file", "folder", "link", "dangling", "same hard link"])
@pytest.mark.parametrize("what", ["file", "tree"])
def test_whatever_was_there_is_replaced(cache, work, digest, tree, old, what):
    target = work / "out"
    if old == "file":
        target.write_bytes(b"old")
    elif old == "folder":
        (target / "deep").mkdir(parents=True)
        (target / "deep" / "f").touch()
    elif old == "link":
        (work / "elsewhere").mkdir()
        (work / "elsewhere" / "kept").touch()
        target.symlink_to("elsewhere")
    elif old == "dangling":
        target.symlink_to("nowhere")
    elif old == "same hard link":
        cache.restore(digest, target, link=(Link.HARDLINK,))
    wanted = digest if what == "file" else tree
    cache.restore(wanted, target, link=(Link.HARDLINK,))
    assert cache.digest_of(target) == wanted
    assert not target.is_symlink()
    assert _litter(work) == []
    assert old != "link" or (work / "elsewhere" / "kept").exists()


def test_what_was_there_can_be_kept_aside(cache, work, digest, tree):
    (work / "out").write_bytes(b"old")
    cache.restore(tree, work / "out", aside=work / "aside")
    assert (work / "aside").read_bytes() == b"old"
    cache.restore(digest, work / "out", aside=work / "aside2")
    assert cache.digest_of(work / "aside2") == tree
    cache.restore(digest, work / "new", aside=work / "aside3")
    assert not (work / "aside3").exists()


def test_folders_on_the_way_are_made(cache, work, digest):
    cache.restore(digest, work / "a" / "b" / "out", within=work)
    assert (work / "a" / "b" / "out").read_bytes() == b"precious"


def test_a_target_outside_of_its_limits_is_refused(cache, work, digest, tmp_path):
    # Fails if `checked_target` does not look at `within`.
    (tmp_path / "outside").mkdir()
    (work / "link").symlink_to(tmp_path / "outside")
    for target in (work / "link" / "out", work / "link" / "new" / "out", work / ".." / "outside" / "out"):
        with pytest.raises(UnsafeTargetError, match="outside of"):
            cache.restore(digest, target, within=work)
    with pytest.raises(UnsafeTargetError, match="no place"):
        cache.restore(digest, "/")
    assert os.listdir(tmp_path / "outside") == []


def test_what_is_missing_leaves_the_old_content(cache, work):
    (work / "out").write_bytes(b"old")
    for digest in (hash_bytes(b"never"), name_of(b"never", Kind.TREE).digest):
        with pytest.raises(MissingError):
            cache.restore(digest, work / "out")
    assert (work / "out").read_bytes() == b"old"
    assert _litter(work) == []


@pytest.mark.parametrize("keep_times", [False, True])
def test_damaged_bytes_are_never_restored(cache, work, digest, mode, where, vandalise, keep_times):
    # Fails if `_copy` takes what it has copied for right.
    (work / "out").write_bytes(b"old")
    vandalise(where(digest), b"PRECIOUS", keep_times=keep_times)
    with pytest.raises(DamagedError):
        cache.restore(digest, work / "out", link=mode)
    assert (work / "out").read_bytes() == b"old"
    with pytest.raises(MissingError):
        cache.restore(digest, work / "out", link=mode)
    assert _litter(work) == []


def test_a_tree_with_a_damaged_member_leaves_the_old_content(cache, work, tree, mode, where, vandalise):
    (work / "out").mkdir()
    (work / "out" / "old").touch()
    vandalise(where(hash_bytes(b"p" * 3000)), b"q" * 3000)
    with pytest.raises(DamagedError):
        cache.restore(tree, work / "out", link=mode)
    assert os.listdir(work / "out") == ["old"]
    assert _litter(work) == []


def test_an_edit_through_a_hard_link_is_detected_and_the_output_heals_the_store(cache, work, digest, vandalise):
    cache.restore(digest, work / "out", link=(Link.HARDLINK,))
    vandalise(work / "out", b"PRECIOUS")
    assert not cache.has(digest)
    assert (work / "out").read_bytes() == b"PRECIOUS"
    (work / "out").unlink()
    assert cache.put_bytes(b"precious") == digest
    cache.restore(digest, work / "out")
    assert (work / "out").read_bytes() == b"precious"


def test_hard_links_keep_the_seal(cache, work, digest, opened, where):
    for _ in range(2):
        cache.restore(digest, work / "out", link=(Link.HARDLINK,))
        with opened() as paths:
            assert cache.has(digest)
        assert paths == []


def test_another_file_system_gets_a_copy(cache, digest, where, tmp_path):
    if not os.path.isdir("/dev/shm") or os.stat("/dev/shm").st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system here")
    target = f"/dev/shm/pivot-cache-test-{os.getpid()}"
    try:
        cache.restore(digest, target, link=(Link.HARDLINK, Link.REFLINK))
        assert not os.path.samefile(target, where(digest))
        assert cache.digest_of(target) == digest
    finally:
        os.unlink(target)


def test_a_symbolic_link_within_a_project_survives_a_move():
    root = "/p/.pivot/cache"
    assert link_text(f"{root}/objects/ab/c", "/p/sub/out", root) == "../.pivot/cache/objects/ab/c"
    assert link_text(f"{root}/objects/ab/c", "/q/out", root) == f"{root}/objects/ab/c"
    assert link_text("/cache/objects/ab/c", "/q/out", "/cache") == "/cache/objects/ab/c"


def test_a_file_on_the_way_is_the_systems_own_error(cache, work, digest):
    (work / "file").touch()
    with pytest.raises(OSError, match="File exists"):
        cache.restore(digest, work / "file" / "out")


def test_names_that_a_file_system_takes_for_equal_are_refused(cache, work, digest):
    entry = Entry("a", EntryKind.FILE, 8, digest.removeprefix("b3:"))
    (work / "a").touch()
    with pytest.raises(UnsafeTreeError, match="another one"):
        cache._restorer._member(entry, Spot(str(work / "a"), executable=False, device=0), ())


def test_a_manifest_that_leads_elsewhere_writes_nothing(cache, work):
    for line in ('["../evil","d"]', '["l","l","/etc"]', '["a","l","b"]\n["a/x","d"]'):
        digest = cache._objects.put_bytes(f'{{"v":1}}\n{line}\n'.encode(), Kind.TREE).digest
        with pytest.raises(UnsafeTreeError):
            cache.restore(digest, work / "out")
        assert not cache.has(digest)
    assert os.listdir(work) == []


def test_a_file_is_no_tree(cache, digest):
    with pytest.raises(NotStorableError, match="is a file"):
        cache.tree(digest)


def test_a_tree_of_nothing_is_an_empty_folder(cache, work):
    manifest = encode([])
    digest = cache._objects.put_bytes(manifest.objects[0][1], Kind.TREE).digest
    cache.restore(digest, work / "out")
    assert os.listdir(work / "out") == []
    assert cache.digest_of(work / "out") == digest


@pytest.mark.parametrize("many", [0, 9])
def test_a_restored_tree_looks_older_than_any_later_edit(parts, work, many):
    """Fails if the times of many files are neither set nor waited for."""
    members = [Entry(name, EntryKind.FILE, 1, parts.objects.put_bytes(name.encode()).hex) for name in "ab"]
    [(name, data)] = encode(members).objects
    parts.objects.put_bytes(data, Kind.TREE)
    linker = Linker(parts.objects, parts.seals, parts.layout.root)
    restorer = Restorer(parts.objects, parts.seals, parts.lease, linker, many=many)
    [placed] = restorer.restore([Wanted(name, str(work / "d"))], (Link.COPY,), threads=1)
    assert len(placed) == 2
    assert all(seen.mtime_ns < time.time_ns() - TICK_NS for _, (_, seen) in placed)


class Robbed(Linker):
    """A linker in a store where another process sets each object aside as soon as it was linked to."""

    def place(self, name, spot, ways):
        content = super().place(name, spot, ways)
        os.unlink(self._objects.require(name))
        return content


def test_an_object_that_is_set_aside_while_it_is_linked_to_is_no_error(parts, work):
    name = parts.objects.put_bytes(b"precious")
    linker = Robbed(parts.objects, parts.seals, parts.layout.root)
    restorer = Restorer(parts.objects, parts.seals, parts.lease, linker)
    [placed] = restorer.restore([Wanted(name, str(work / "out"))], (Link.SYMLINK,), threads=1)
    assert len(placed) == 1
    assert (work / "out").is_symlink()
    assert _litter(work) == []


def test_an_object_that_is_set_aside_before_it_is_linked_to_is_a_miss(parts, work):
    name = parts.objects.put_bytes(b"precious")

    def robbed(name, spot):
        source = parts.objects.require(name)
        os.unlink(source)
        os.link(source, spot.path)

    linker = Linker(parts.objects, parts.seals, parts.layout.root)
    with pytest.raises(MissingError):
        linker.place(name, Spot(str(work / "out"), False, 0), [robbed])


def test_two_things_change_places_in_one_step(work):
    (work / "a").mkdir()
    (work / "b").write_bytes(b"b")
    if not _rename_exchange(str(work / "a"), str(work / "b")):
        pytest.skip("no renameat2 here")
    assert (work / "a").read_bytes() == b"b"
    assert not _rename_exchange(str(work / "a"), str(work / "none"))


def test_without_an_exchange_the_old_is_moved_away_first(work):
    (work / "new").mkdir()
    (work / "old").write_bytes(b"old")
    _swap(str(work / "new"), str(work / "old"), lambda *_: False)
    assert [path.name for path in work.iterdir()] == ["old"]
    assert (work / "old").is_dir()


def test_exchanging_with_nothing_is_a_rename(work):
    (work / "new").mkdir()
    exchange(str(work / "new"), str(work / "x"), None)
    assert os.listdir(work) == ["x"]
