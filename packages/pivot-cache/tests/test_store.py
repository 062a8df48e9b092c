import os
import subprocess
import sys

import pytest

from pivot.cache import BadDigestError, Cache, Durability, MissingError, hash_bytes


def test_bytes_are_given_back_in_every_way(cache, work):
    digest = cache.put_bytes(b"data")
    assert digest == hash_bytes(b"data")
    assert cache.has(digest)
    assert cache.get_bytes(digest) == b"data"
    with cache.open(digest) as file:
        assert file.read() == b"data"
    assert list(cache.digests()) == [digest]


def test_what_is_not_there_is_missing_in_every_way(cache, work):
    digest = hash_bytes(b"never")
    assert not cache.has(digest)
    for attempt in (cache.get_bytes, cache.open, lambda digest: cache.restore(digest, work / "x")):
        with pytest.raises(MissingError) as caught:
            attempt(digest)
        assert caught.value.digest == digest
    assert not cache.has("b3t:" + "0" * 64)


def test_what_is_no_digest_is_refused_in_every_way(cache, work):
    for attempt in (cache.has, cache.get_bytes, cache.open, cache.tree, lambda text: cache.restore(text, work / "x")):
        with pytest.raises(BadDigestError):
            attempt("b3:../../etc/passwd")


def test_the_manifest_of_a_tree_can_be_read_and_checked(cache, work):
    (work / "d").mkdir()
    digest = cache.put(work / "d")
    assert cache.get_bytes(digest) == b'{"v":1}\n'


@pytest.mark.parametrize("durability", list(Durability))
def test_every_durability_keeps_what_was_stored(root, work, durability):
    (work / "f").write_bytes(bytes(2 << 20))
    with Cache(root, durability=durability) as cache:
        digests = [cache.put_bytes(b"x"), cache.put(work / "f", durable=True)]
        cache.remember("k", {"is": "v"})
        cache.sync()
    with Cache(root, durability=durability) as cache:
        assert all(map(cache.has, digests))
        assert cache.recall("k") == {"is": "v"}


def test_an_unknown_durability_is_refused(root):
    with pytest.raises(ValueError, match="often"):
        Cache(root, durability="often")


def test_a_closed_cache_can_be_used_again(root, work):
    cache = Cache(root)
    digest = cache.put_bytes(b"x")
    cache.close()
    assert cache.has(digest)
    (work / "f").touch()
    cache.digest_of(work / "f")
    cache.close()


def test_two_caches_on_one_store_in_one_process_both_work(root):
    with Cache(root) as first, Cache(root) as second:
        digest = first.put_bytes(b"x")
        first.flush()
        assert second.has(digest)
        assert second.put_bytes(b"y")
        assert (first.info().index_kind, second.info().index_kind) == ("lmdb", "memory")
        assert first.has(hash_bytes(b"y"))


def test_the_index_can_lie_elsewhere(root, tmp_path):
    with Cache(root, index_dir=tmp_path / "local") as cache:
        cache.put_bytes(b"x")
        cache.flush()
        assert cache.info().index_path.parent == tmp_path / "local"
    assert not (root / "index.lmdb").exists()


def test_records_can_be_listed_and_forgotten(cache):
    cache.remember("a", {"is": "1"})
    cache.remember("b", {"is": "2"})
    assert {record.key: record.data for record in cache.records()} == {"a": {"is": "1"}, "b": {"is": "2"}}
    assert cache.forget("a")
    assert cache.recall("a") is None


def test_info_counts_what_is_there(cache, work):
    (work / "d").mkdir()
    (work / "d" / "f").write_bytes(b"x" * 100)
    tree = cache.put(work / "d")
    cache.remember("k", {"is": "v"})
    info = cache.info()
    assert (info.objects, info.trees, info.records, info.quarantined, info.processes) == (1, 1, 1, 0, 1)
    assert info.bytes == 100 + len(cache.get_bytes(tree))
    assert info.root == cache.root
    assert not info.read_only


def test_named_drafts_of_dead_writers_are_gone_after_opening(root):
    Cache(root).close()
    (root / "tmp" / "draft-dead").write_bytes(b"half")
    Cache(root).close()
    assert os.listdir(root / "tmp") == []


_READ_ONLY = """
import ctypes, os, sys
if os.geteuid() == 0:
    # Root may write anywhere; in a namespace of its own the store is mounted read-only.
    libc = ctypes.CDLL(None, use_errno=True)
    root = sys.argv[1].encode()
    if libc.unshare(0x20000) or libc.mount(b"none", b"/", None, 0x44000, None) \\
            or libc.mount(root, root, None, 0x1000, None) or libc.mount(b"none", root, None, 0x1021, None):
        print("skip"); sys.exit()
from pivot.cache import *
cache = Cache(sys.argv[1])
digest = sys.argv[2]
assert cache.info().read_only
assert cache.has(digest) and cache.get_bytes(digest) == b"data"
cache.restore(digest, sys.argv[3])
assert cache.digest_of(sys.argv[3]) == digest
assert cache.recall("k") == {"is": "v"}
for attempt in (lambda: cache.put_bytes(b"x"), lambda: cache.remember("x", {"is": ""})):
    try:
        attempt()
    except ReadOnlyError:
        continue
    raise SystemExit("not refused")
cache.close()
print("ok")
"""


def test_a_store_that_may_not_be_written_can_be_read(root, work):
    with Cache(root) as cache:
        digest = cache.put_bytes(b"data")
        cache.remember("k", {"is": "v"})
    if os.geteuid() != 0:
        for folder, _, _ in os.walk(root):
            os.chmod(folder, 0o555)
    try:
        command = [sys.executable, "-c", _READ_ONLY, str(root), digest, str(work / "out")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        if os.geteuid() != 0:
            for folder, _, _ in os.walk(root):
                os.chmod(folder, 0o755)
    if done.stdout.strip() == "skip":
        pytest.skip("nothing can be mounted here")
    assert done.stdout.strip() == "ok", done.stderr


@pytest.mark.usefixtures("bare_interpreters")
def test_importing_the_package_is_light():
    source = "import sys; before = set(sys.modules); import pivot.cache; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    heavy = {
        "json",
        "tempfile",
        "shutil",
        "uuid",
        "dataclasses",
        "inspect",
        "logging",
        "ctypes",
        "subprocess",
        "asyncio",
    }
    assert heavy & set(done.stdout.split()) == set()


def test_errors_survive_being_sent_to_another_process():
    import pickle

    error = pickle.loads(pickle.dumps(MissingError(hash_bytes(b"x"), "gone\nfetch it")))
    assert (error.digest, str(error)) == (hash_bytes(b"x"), "gone\nfetch it")
