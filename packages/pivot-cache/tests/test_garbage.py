"""Garbage in the place of every file and folder of a store, and no permission for them (see `faults_garbage`)."""

import os
import shutil
from pathlib import Path

import faults_garbage as garbage
import pytest
from faults_children import ChildFailedError, in_child

from pivot.cache import Cache, Link, MissingError, ReadOnlyError, hash_bytes

pytestmark = pytest.mark.faults

_CHUNKS = 6
_BY_HAND = {"folder", "link to /dev/zero", "fifo", "unreadable", "read-only", "file", "link to nowhere"}
"""What takes somebody to mend, where it happens to a lock or to a folder of the store."""


def _may_stay(label: str, damage: str) -> bool:
    place, _, rest = label.partition("#")[0].partition("/")
    if place == "store.json":
        return True  # says which format the store has: not to be guessed
    is_folder = not rest or (rest == "*" and place in ("objects", "trees"))
    return damage in _BY_HAND and (place.endswith(".lock") or (is_folder and place not in ("clock", "index.lmdb")))


@pytest.mark.parametrize("chunk", range(_CHUNKS))
def test_garbage_anywhere_is_healed_or_one_clear_error_and_never_wrong_bytes(chunk):
    # Each case is a process of its own, so that a signal and a hang are seen. Fails if `is_sound` does not look at the
    # index, `open_regular` waits for a FIFO, an object is not hashed when its seal does not fit, or `tells_trouble`
    # is removed.
    wrong = []
    for label, damage in garbage.cases()[chunk::_CHUNKS]:
        try:
            outcome = in_child(lambda label=label, damage=damage: garbage.suffer(label, damage))
        except ChildFailedError as error:
            wrong.append(f"{label}, {damage}: {error}")
            continue
        if outcome.later and not _may_stay(label, damage):
            wrong.append(f"{label}, {damage} does not heal: {outcome.later[0]}")
    assert wrong == []


def test_every_file_of_a_store_has_its_case():
    labels = {label.partition("#")[0] for label, _ in garbage.cases()}
    assert labels >= {"store.json", "clock", "gc.lock", "open.lock", "use.lock", "write.lock", "leases/*", "tmp/*"}
    assert labels >= {"objects/*/*", "trees/*/*", "records/*", "quarantine/*"}
    assert labels >= {"index.lmdb/data.mdb", "index.lmdb/lock.mdb", "index.lmdb/unsynced"}


def test_a_store_that_may_only_be_read_gives_everything(tmp_path):
    assert in_child(lambda: _only_read(tmp_path)) == "all read"


def _only_read(top: Path) -> str:
    garbage.give_up_privileges()
    root, work = top / "store", top / "work"
    work.mkdir()
    tree = garbage.build(root, work)
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        with Cache(root) as cache:
            for mode in Link:
                cache.restore(tree, work / "out", link=(mode,))
                assert cache.digest_of(work / "out") == tree
            assert cache.has(tree)
            assert cache.recall("key") is not None
            assert cache.verify().damaged == ()
            assert cache.info().read_only
            for write in (
                lambda: cache.put_bytes(b"x"),
                lambda: cache.put(work / "d"),
                lambda: cache.remember("k", {}),
            ):
                with pytest.raises(ReadOnlyError, match="check its permissions"):
                    write()
            with pytest.raises(MissingError):
                cache.get_bytes(hash_bytes(b"x"))
    finally:
        for folder in folders:
            folder.chmod(0o755)
    return "all read"


def test_what_the_system_says_about_files_of_the_user_is_left_as_it_is(cache, work):
    with pytest.raises(FileNotFoundError):
        cache.put(work / "none")
    (work / "file").touch()
    with pytest.raises(OSError, match="file"):
        cache.restore(cache.put_bytes(b"x"), work / "file" / "out")


def test_a_listing_tells_of_trouble_too(cache, root):
    names = cache.digests()
    shutil.rmtree(root / "objects")
    shutil.rmtree(root / "trees")
    with pytest.raises(Exception, match="open the store again") as raised:
        list(names)
    assert os.fspath(root) in str(raised.value)
