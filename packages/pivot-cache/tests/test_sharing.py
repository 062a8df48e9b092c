import itertools
import logging
import os
import shutil
import signal
import stat
import tempfile
from pathlib import Path

import pytest
from faults_children import ChildFailedError, in_child

from pivot.cache import Cache, DamagedError, FormatError, ReadOnlyError, hash_bytes
from pivot.cache import __main__ as _main  # noqa: F401  (imported before a child is somebody who cannot read it)
from pivot.cache import collect as _collect  # noqa: F401
from pivot.cache import roots as _roots  # noqa: F401
from pivot.cache import verify as _verify  # noqa: F401

NOBODY, GROUP = 65534, 54321
OTHER = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


@pytest.fixture
def strict_umask():
    before = os.umask(0o077)
    yield
    os.umask(before)


def use(root, data=b"x"):
    """Do everything that makes files in a store."""
    with tempfile.TemporaryDirectory() as work, Cache(root) as cache:
        Path(work, "d").mkdir()
        Path(work, "d", "f").write_bytes(data)
        digest = cache.put(Path(work, "d"))
        cache.remember("key", {"outs": {"d": digest}})
        cache.register(root, ["named/*.lock"])
        cache.restore(digest, Path(work, "out"))
        cache.sync()
        cache.gc(checkouts=cache.registered())
        modes = {str(path.relative_to(root)): stat.S_IMODE(path.lstat().st_mode) for path in Path(root).rglob("*")}
    return digest, {**modes, ".": stat.S_IMODE(os.stat(root).st_mode)}


def wrong(root, modes):
    """Give what others in the group could not use."""
    plain = ("objects/", "trees/")
    found = {}
    for name, mode in modes.items():
        file = 0o444 if name.startswith(plain) else 0o664
        wanted = 0o2775 if os.path.isdir(root / name) else file
        if mode != wanted and (root / name).exists():
            found[name] = oct(mode)
    return found


def test_a_groups_store_is_the_groups_whatever_the_umask_is(root, strict_umask):
    Cache(root, shared="group").close()
    _, modes = use(root)
    assert len(modes) > 15
    assert wrong(root, modes) == {}
    with Cache(root) as cache:
        assert cache.info().shared == "group"


def test_a_store_of_one_user_is_for_nobody_else(root, strict_umask):
    _, modes = use(root)
    assert not [name for name, mode in modes.items() if mode & 0o020]
    with Cache(root) as cache:
        assert cache.info().shared == "user"


def test_a_store_that_was_one_users_can_be_given_to_the_group_and_keeps_what_it_holds(root, strict_umask):
    digest, _ = use(root)
    with Cache(root) as before, Cache(root, shared="group") as cache:
        assert cache.info().id == before.info().id
        assert cache.has(digest)
    _, modes = use(root, b"more")
    assert wrong(root, modes) == {}


@pytest.fixture
def common():
    """A folder of a group, in which somebody else is too."""
    with tempfile.TemporaryDirectory() as top:
        os.chmod(top, 0o755)
        folder = Path(top, "common")
        folder.mkdir()
        os.chown(folder, -1, GROUP)
        os.chmod(folder, 0o2775)
        yield folder / "store"


def as_other(work):
    """Do something as another user who is in the group."""

    def act():
        os.setgroups([GROUP])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        os.umask(0o077)
        return work()

    return in_child(act)


@OTHER
def test_two_users_use_one_store(common, strict_umask):
    Cache(common, shared="group").close()
    mine, _ = use(common)
    theirs, _ = as_other(lambda: use(common, b"theirs"))
    assert as_other(lambda: use(common)[0]) == mine
    assert use(common, b"theirs")[0] == theirs
    with Cache(common) as cache:
        assert cache.info().index_kind == "lmdb"
        assert cache.verify().clean


def _dies_before_sharing(store, number):
    """Make a store and use it; die when the permissions of something are to be set for the nth time."""

    def work():
        real, left = os.chmod, itertools.count(-number)

        def chmod(*args, **more):
            if next(left) == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            real(*args, **more)

        os.chmod = chmod
        Cache(store, shared="group").close()
        use(store)

    try:
        in_child(work)
    except ChildFailedError as error:
        assert str(error) == "died of signal SIGKILL"  # noqa: PT017 - any other is raised
        return True
    return False


@OTHER
def test_a_process_that_is_killed_at_any_moment_leaves_a_store_that_the_others_can_use(common, strict_umask):
    # Fails if a file or folder has its name before it has its permissions.
    use(common.parent / "warm up")  # who is somebody else can import nothing
    shutil.rmtree(common.parent / "warm up")

    def theirs():
        use(common, b"theirs")
        with Cache(common) as cache:
            cache.put_bytes(b"x")  # in the same folders
            return cache.info().index_kind

    number = 0
    while _dies_before_sharing(common, number):
        assert as_other(theirs) == "lmdb", number
        shutil.rmtree(common)
        number += 1
    assert number > 15


@OTHER
def test_what_another_user_has_damaged_goes_to_quarantine_and_is_made_again(common, strict_umask):
    Cache(common, shared="group").close()

    def damage():
        with Cache(common) as cache:
            path = Path(cache._objects._layout.object(cache._objects.put_bytes(b"x")))
        path.chmod(0o644)
        path.write_bytes(b"y")
        path.chmod(0o444)

    as_other(damage)
    with Cache(common) as cache:
        assert not cache.has(hash_bytes(b"x"))
        assert cache.get_bytes(cache.put_bytes(b"x")) == b"x"


@OTHER
def test_damage_that_cannot_be_taken_away_is_a_miss_that_is_told_once(common, caplog):
    Cache(common, shared="group").close()
    with Cache(common) as cache:
        path = Path(cache._objects._layout.object(cache._objects.put_bytes(b"x")))
    path.chmod(0o644)
    path.write_bytes(b"y")
    path.parent.chmod(0o755)

    def look():
        told = []
        handler = logging.Handler()
        handler.emit = told.append
        logging.getLogger("pivot.cache").addHandler(handler)
        with Cache(common) as cache:
            assert not any(cache.has(hash_bytes(b"x")) for _ in range(3))
            with pytest.raises(DamagedError, match="another user's"):
                cache.get_bytes(hash_bytes(b"x"))
            with pytest.raises(DamagedError, match="ask its owner"):
                cache.put_bytes(b"x")
        return len(told)

    assert as_other(look) == 1


@OTHER
def test_who_is_another_user_only_in_effect_may_not_write_and_can_read(common):
    with Cache(common) as cache:
        cache.put_bytes(b"x")

    def act():
        os.setegid(NOBODY)
        os.seteuid(NOBODY)
        with Cache(common) as cache:
            assert cache.get_bytes(hash_bytes(b"x")) == b"x"
            with pytest.raises(ReadOnlyError):
                cache.put_bytes(b"y")

    common.chmod(0o755)
    in_child(act)


@OTHER
def test_somebody_elses_store_is_not_given_away(common):
    Cache(common).close()
    common.chmod(0o777)

    def take():
        with pytest.raises(FormatError, match="one user's store"):
            Cache(common, shared="group")

    as_other(take)
