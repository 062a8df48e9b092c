import os

import pytest

from pivot.cache import Cache
from pivot.cache.digest import name_of
from pivot.cache.files import open_regular
from pivot.cache.layout import Layout, open_layout
from pivot.cache.leases import Lease, all_claims, count_live, remove, sweep_dead, temporary_beside
from pivot.cache.locks import locked

_A, _B = name_of(b"a"), name_of(b"b")
_HOLD = """
import os, sys
from pivot.cache.digest import name_of
from pivot.cache.layout import Layout
from pivot.cache.leases import Lease, temporary_beside
lease = Lease(Layout(sys.argv[1]), writable=True)
path = temporary_beside(sys.argv[2])
lease.announce([path])
os.mkdir(path)
lease.claim([name_of(b"a")])
print(path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def layout(root):
    made = Layout(str(root))
    open_layout(made)
    return made


@pytest.fixture
def lease(layout):
    made = Lease(layout, writable=True)
    yield made
    made.close()


def test_a_claim_is_seen_by_others_until_the_lease_is_closed(layout, lease):
    lease.claim([_A])
    lease.claim([_A, _B])
    assert all_claims(layout) == {_A, _B}
    lease.close()
    assert all_claims(layout) == set()
    assert os.listdir(layout.below("leases")) == []


def test_no_lease_is_removed_while_a_collection_runs(layout, lease):
    with locked(layout.below("gc.lock")):
        lease.claim([_A])
        lease.close()
        lease.claim([_B])
        assert all_claims(layout) == {_A, _B}
    lease.close()
    assert all_claims(layout) == {_A}
    sweep_dead(layout)
    assert all_claims(layout) == set()


def test_opening_a_store_removes_no_lease_while_a_collection_runs(layout, start, work):
    # Fails if `tidy` does not ask whether one does: what the dead one has claimed and named would be lost in between.
    process = start(_HOLD, layout.root, work / "out")
    process.stdout.readline()
    process.kill()
    process.wait()
    with locked(layout.below("gc.lock")):
        Cache(layout.root).close()
        assert all_claims(layout) == {_A}
    Cache(layout.root).close()
    assert all_claims(layout) == set()


def test_a_closed_lease_can_be_used_again(layout, lease):
    lease.claim([_A])
    lease.close()
    lease.close()
    lease.claim([_A])
    assert all_claims(layout) == {_A}


def test_nothing_is_written_before_the_first_claim(layout, lease):
    assert os.listdir(layout.below("leases")) == []


def test_a_reader_of_a_store_it_may_not_write_claims_nothing(layout):
    lease = Lease(layout, writable=False)
    lease.claim([_A])
    lease.announce(["/x"])
    assert os.listdir(layout.below("leases")) == []


def test_a_killed_process_loses_its_claims_and_what_it_left_half_made(layout, work, start):
    process = start(_HOLD, layout.root, work / "out")
    left = process.stdout.readline().decode().strip()
    assert all_claims(layout) == {_A}
    assert count_live(layout) == 1
    sweep_dead(layout)
    assert os.path.isdir(left)
    process.kill()
    process.wait()
    sweep_dead(layout)
    assert all_claims(layout) == set()
    assert not os.path.exists(left)
    assert os.listdir(layout.below("leases")) == []


def test_a_store_that_is_opened_is_rid_of_what_dead_processes_left(layout, work, start):
    process = start(_HOLD, layout.root, work / "out")
    left = process.stdout.readline().decode().strip()
    Cache(layout.root).close()
    assert os.path.isdir(left)
    process.kill()
    process.wait()
    Cache(layout.root).close()
    assert not os.path.exists(left)
    assert os.listdir(layout.below("leases")) == []


def test_a_forged_lease_removes_nothing_that_has_not_our_name(layout, work):
    for name in ("precious", ".precious.pivot-zzzzzzzzzzzzzzzz", ".x.pivot-0123456789abcdef0"):
        (work / name).mkdir()
        with open(layout.below("leases/forged"), "ab") as file:
            file.write(b"temporary " + str(work / name).encode().hex().encode() + b"\n")
    with open(layout.below("leases/forged"), "ab") as file:
        file.write(b"temporary zz\ntemporary " + b".r.pivot-0123456789abcdef".hex().encode() + b"\nb3:nonsense\n\xff\n")
    sweep_dead(layout)
    assert len(os.listdir(work)) == 3


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_has_a_lease_of_its_own(layout, lease):
    lease.claim([_A])
    child = os.fork()
    if child == 0:
        code = 1
        try:
            lease.claim([_B])
            code = 0 if count_live(layout) == 2 else 2
            lease.close()
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert all_claims(layout) == {_A}


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_that_only_closes_leaves_the_claims_of_its_parent(layout, lease):
    lease.claim([_A])
    child = os.fork()
    if child == 0:
        try:
            lease.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert all_claims(layout) == {_A}


def test_a_full_store_can_be_read_but_not_claimed(layout, start):
    source = """
import resource, sys
from pivot.cache import FullError
from pivot.cache.digest import name_of
from pivot.cache.layout import Layout
from pivot.cache.leases import Lease, all_claims
layout = Layout(sys.argv[1])
lease = Lease(layout, writable=True)
lease.claim([name_of(b"a")])
resource.setrlimit(resource.RLIMIT_FSIZE, (120, -1))
lease.announce(["/x"])
for data in (b"b", b"c"):
    try:
        lease.claim([name_of(data)])
    except FullError:
        continue
    raise SystemExit("claimed")
assert all_claims(layout) == {name_of(b"a")}
print("ok")
"""
    out, errors = start(source, layout.root).communicate()
    assert out.strip() == b"ok", errors.decode()


def test_temporary_names_are_short_enough_and_in_the_same_folder():
    path = temporary_beside("/a/" + "n" * 255)
    assert os.path.dirname(path) == "/a"
    assert len(os.path.basename(path)) <= 255


def test_a_directory_that_may_not_be_written_to_is_removed(work):
    (work / "d" / "e").mkdir(parents=True)
    (work / "d" / "e" / "f").touch()
    (work / "d" / "e").chmod(0o500)
    remove(str(work / "d"))
    assert os.listdir(work) == []


def test_what_is_in_the_place_of_a_lease_does_no_harm(layout, lease):
    os.mkfifo(layout.below("leases/fifo"))
    os.symlink("/dev/zero", layout.below("leases/link"))
    lease.claim([_A])
    assert all_claims(layout) >= {_A}
    os.close(open_regular(layout.below("store.json")))
