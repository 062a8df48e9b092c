"""Few open files, little memory, no threads: the store works, or says clearly what is in the way."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.faults

_HEAD = """
import errno, json, os, resource, sys, tempfile
from pathlib import Path
import faults_garbage as garbage
from faults_children import in_child
from pivot.cache import Cache, CacheError, hash_bytes

def run(kind, limit, map_size=1 << 20):
    top = Path(tempfile.mkdtemp(dir=sys.argv[1]))
    (top / "work").mkdir()
    tree = garbage.build(top / "store", top / "work")
    (top / "work" / "large").write_bytes(bytes(20_000_000))
    (top / "work" / "many").mkdir()
    for number in range(300):
        (top / "work" / "many" / str(number)).write_bytes(b"%d" % number * 1000)
    resource.setrlimit(kind, (limit, limit))
    return garbage.try_everything(top / "store", top / "work", tree, map_size=map_size) + large(top, map_size)

def large(top, map_size):
    try:
        with Cache(top / "store", map_size=map_size) as cache:
            digest, tree = cache.put(top / "work" / "large"), cache.put(top / "work" / "many")
            cache.restore(digest, top / "work" / "back")
            cache.restore(tree, top / "work" / "many")
            assert cache.digest_of(top / "work" / "back") == digest == hash_bytes(bytes(20_000_000))
            assert cache.digest_of(top / "work" / "many") == tree
    except CacheError as error:
        return (garbage.checked(error),)
    return ()
"""

_FILES = """
def limited(limit):
    try:
        return run(resource.RLIMIT_NOFILE, limit)
    except OSError as error:
        # A file of the user that cannot be opened any more.
        assert error.errno == errno.EMFILE and "/work" in str(error.filename), error
        return (f"{error.filename}: {error.strerror}",)

print(json.dumps({limit: in_child(lambda: limited(limit)) for limit in map(int, sys.argv[2:])}))
"""

_MEMORY = """
print(json.dumps(in_child(lambda: run(resource.RLIMIT_AS, 2 << 30, map_size=1 << 30))))
"""

_THREADS = """
def limited():
    if os.geteuid() == 0:
        os.chmod(sys.argv[1], 0o755)
        os.chown(sys.argv[1], 65534, 65534)
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    return run(resource.RLIMIT_NPROC, 0)

# Modules that not everybody may read are loaded by now.
garbage.build(Path(sys.argv[1] + "/warm"), Path(sys.argv[1] + "/warm-work"))
print(json.dumps(in_child(limited)))
"""


def _run(source: str, *arguments: object):
    # Not what the test runner happens to have open counts, and its own modules are found.
    known = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-c", _HEAD + source, *map(str, arguments)]
    done = subprocess.run(command, env=known, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_with_few_open_files_it_works_or_says_so(tmp_path):
    told = _run(_FILES, tmp_path, 1024, 128, 32, 24, 20, 18, 16, 14, 12, 10, 8)
    assert {limit: texts for limit, texts in told.items() if int(limit) >= 32 and texts} == {}
    assert all("Too many open files" in text for texts in told.values() for text in texts)


def test_two_gigabytes_of_address_space_are_enough(tmp_path):
    assert _run(_MEMORY, tmp_path) == []


def test_where_no_thread_can_be_started_everything_works(tmp_path_factory):
    import tempfile

    with tempfile.TemporaryDirectory() as top:
        if os.geteuid() == 0 and not _may_pass(Path(top).parent):
            pytest.skip("other users cannot get to temporary files here")
        assert _run(_THREADS, top) == []


def _may_pass(folder: Path) -> bool:
    return all(place.stat().st_mode & 0o001 for place in [folder, *folder.parents])
