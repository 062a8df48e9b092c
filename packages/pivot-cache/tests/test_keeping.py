"""What a collection keeps because something names it."""

import json
import os

import pytest

from pivot.cache import BrokenRootError, Cache, Gone, Keep, RevisionError, Revisions, Root, hash_bytes
from pivot.cache.names import parse
from pivot.cache.options import DAY

LOCKS = "p/.pivot/stages"


class Checkout:
    """A directory with a lock file, as a tool writes them."""

    def __init__(self, top):
        self.top = top
        (top / LOCKS).mkdir(parents=True)
        self.lock = top / LOCKS / "train.lock"
        self.root = Root(str(top), (f"{LOCKS}/*.lock",))

    def name(self, *digests):
        self.lock.write_text(json.dumps({"outs": {f"out{number}": [name, 1] for number, name in enumerate(digests)}}))


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path / "checkout")


def collect(root, *arguments, **options):
    with Cache(root) as cache:
        return cache.gc(*arguments, **{"grace": 0.0, **options})


def register(root, checkout):
    with Cache(root) as cache:
        cache.register(checkout.top, checkout.root.files)


def counts(report):
    return {(kept.keep, kept.file): kept.objects for kept in report.held}


def test_what_a_registered_checkout_names_stays_and_the_report_says_which_file(root, filled, checkout):
    tree, single = filled
    checkout.name(tree)
    register(root, checkout)
    report = collect(root)
    assert report.removed == (single,)
    assert report.gone[0].why is Gone.UNNAMED
    assert counts(report) == {(Keep.FILE, f"{LOCKS}/train.lock"): 3}
    assert report.held[0].place == str(checkout.top)
    assert report.kept_bytes == sum(kept.bytes for kept in report.held) > 0


def test_two_checkouts_of_one_project_are_both_safe(root, filled, tmp_path):
    for name, digest in zip(("one", "two"), filled, strict=True):
        made = Checkout(tmp_path / name)
        made.name(digest)
        register(root, made)
    assert collect(root).removed == ()


def test_a_checkout_that_is_only_given_counts_too(root, filled, checkout):
    checkout.name(*filled)
    assert collect(root, checkouts=[checkout.root]).removed == ()
    assert len(collect(root).removed) == 4


@pytest.mark.parametrize("torn", ["", '{"outs": {', "<<<<<<< ours\n=======\n>>>>>>> theirs\n"])
def test_nothing_goes_while_a_lock_file_cannot_be_read(root, filled, checkout, torn):
    checkout.lock.write_text(torn)
    register(root, checkout)
    with pytest.raises(BrokenRootError, match=r"nothing was deleted: .*train.lock"):
        collect(root)
    with Cache(root) as cache:
        assert all(map(cache.has, filled))
    assert set(filled) <= set(collect(root, ignore_broken=True).removed)


def test_nothing_goes_while_a_registration_cannot_be_read(root, filled, checkout):
    checkout.name(*filled)
    register(root, checkout)
    next((root / "roots").glob("*.json")).write_text("{")
    with pytest.raises(BrokenRootError, match="roots/"):
        collect(root)
    assert set(filled) <= set(collect(root, ignore_broken=True).removed)


def test_a_checkout_that_is_gone_protects_what_it_named_and_what_was_used_since(root, filled, checkout, tick):
    tree, single = filled
    checkout.name(tree)
    register(root, checkout)
    collect(root, [single])
    checkout.top.rename(checkout.top.with_name("away"))
    with Cache(root) as cache:
        new = cache.put_bytes(b"made since")
    tick()
    for path in (root / "roots").glob("*.named"):
        os.utime(path, (path.stat().st_mtime + 3 * 3600,) * 2)  # noted later than anything was used
    report = collect(root)
    assert set(report.removed) == {single, new}
    assert report.missing_checkouts == (str(checkout.top),)
    assert counts(report) == {(Keep.MISSING, ""): 3}


def test_a_checkout_that_is_gone_and_was_never_read_protects_what_was_used_since_it_came(root, filled, checkout):
    register(root, checkout)
    checkout.top.rename(checkout.top.with_name("away"))
    assert collect(root).removed == ()
    assert len(collect(root, drop_missing_roots=True, dry_run=True).removed) == 4
    assert len(os.listdir(root / "roots")) == 1
    assert len(collect(root, drop_missing_roots=True).removed) == 4
    assert os.listdir(root / "roots") == []


def test_a_checkout_that_cannot_be_reached_is_never_taken_for_gone(root, filled, checkout, work):
    (work / "loop").symlink_to("loop")  # as the folder of another user may be, which only says no otherwise
    with Cache(root) as cache:
        cache.register(work / "loop/x", checkout.root.files)
    with pytest.raises(BrokenRootError, match="loop/x"):
        collect(root, drop_missing_roots=True)
    assert collect(root, ignore_broken=True).removed == ()
    assert len(os.listdir(root / "roots")) == 1


def test_a_checkout_that_is_gone_for_long_is_forgotten(root, filled, checkout):
    register(root, checkout)
    file = next((root / "roots").glob("*.json"))
    said = json.loads(file.read_text())
    file.write_text(json.dumps({**said, "seen": said["seen"] - 31 * DAY}))
    checkout.top.rename(checkout.top.with_name("away"))
    assert len(collect(root).removed) == 4
    assert os.listdir(root / "roots") == []


def test_what_recent_runs_gave_stays_and_records_of_what_is_gone_go(root, filled):
    tree, single = filled
    with Cache(root) as cache:
        cache.remember("both", {"outs": {"model/0": [tree, 2]}, "observed": {"files": {"x": hash_bytes(b"never")}}})
        cache.remember("plain", {"x": single})
        cache.remember("text", {"source": "def f(): ..."})
    report = collect(root)
    assert report.removed == ()
    assert counts(report) == {(Keep.RECORD, ""): 4}
    foreseen = collect(root, [tree], keep_records=-1.0, dry_run=True)
    assert (foreseen.removed, foreseen.records, foreseen.gone[0].what) == ((single,), 1, "x")
    assert collect(root, [tree], keep_records=-1.0).records == 1
    with Cache(root) as cache:
        assert cache.recall("plain") is None
        assert cache.recall("both") is not None
        assert cache.recall("text") is not None


def test_what_is_named_stays_however_large_the_store_is(root, filled, checkout):
    tree, single = filled
    checkout.name(tree)
    register(root, checkout)
    report = collect(root, max_size=0)
    assert report.removed == (single,)
    assert report.gone[0].why is Gone.OVER


def test_what_fits_stays_although_nothing_names_it(root, filled):
    report = collect(root, max_size=1 << 30)
    assert report.removed == ()
    assert counts(report) == {(Keep.SPARED, ""): 4}
    assert counts(collect(root, grace=DAY)) == {(Keep.YOUNG, ""): 4}


def test_what_a_process_uses_is_reported_as_that(root, cache):
    cache.put_bytes(b"mine")
    assert counts(cache.gc(grace=-1.0)) == {(Keep.CLAIMED, ""): 1}


def test_members_of_a_tree_were_used_when_the_tree_was(root, filled):
    tree, single = filled
    with Cache(root) as cache:
        seal = cache._seals.get(parse(tree))
        later = seal._replace(last_used=seal.last_used + 1000)
        cache._index.put(b"t" + parse(tree).raw, later.pack())
    assert collect(root).removed == (single,)


def test_a_revision_that_is_not_there_deletes_nothing(root, filled, checkout):
    with pytest.raises(RevisionError):
        collect(root, checkouts=[checkout.root], revisions=Revisions(named=("v1",)))
    with Cache(root) as cache:
        assert all(map(cache.has, filled))


def test_bytes_of_one_inode_are_counted_once(root, filled, where):
    _, single = filled
    before = collect(root, dry_run=True).removed_bytes
    where(hash_bytes(b"twin")).parent.mkdir(exist_ok=True)
    os.link(where(single), where(hash_bytes(b"twin")))
    assert collect(root, grace=-3600.0, dry_run=True).removed_bytes == before
