import os

import pytest

from pivot.cache import ChangedError, DamagedError, MissingError, NotStorableError, ReadOnlyError
from pivot.cache.digest import Kind, name_of
from pivot.cache.files import CHUNK, Draft
from pivot.cache.objects import Objects

_SIZES = [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5]


@pytest.mark.parametrize("size", _SIZES)
def test_a_file_of_any_size_is_stored_as_it_is(parts, work, size):
    data = os.urandom(size)
    (work / "f").write_bytes(data)
    content = parts.put_file(work / "f")
    assert content.name == name_of(data)
    assert parts.path(content.name).read_bytes() == data
    assert content.seen.size == size
    assert os.listdir(parts.layout.below("tmp")) == []


@pytest.mark.parametrize("size", _SIZES)
def test_putting_twice_keeps_the_first_file(parts, work, size):
    (work / "f").write_bytes(bytes(size))
    first = parts.put_file(work / "f")
    before = parts.path(first.name).stat().st_ino
    assert parts.put_file(work / "f").name == first.name
    assert parts.path(first.name).stat().st_ino == before


@pytest.mark.parametrize("size", [10, CHUNK + 10])
def test_a_good_output_heals_a_damaged_object_and_not_the_other_way(parts, work, vandalise, size):
    # Fails if a put only looks whether the name is there.
    data = os.urandom(size)
    (work / "f").write_bytes(data)
    name = parts.put_file(work / "f").name
    vandalise(parts.path(name), b"x" * size)
    assert parts.put_file(work / "f").name == name
    assert parts.path(name).read_bytes() == data
    assert (work / "f").read_bytes() == data


def test_an_object_that_appears_meanwhile_is_kept(parts, root):
    name = name_of(b"x")
    parts.lease.claim([name])
    with Draft(parts.layout.below("tmp")) as first, Draft(parts.layout.below("tmp")) as second:
        for draft in (first, second):
            os.write(draft.descriptor, b"x")
            parts.objects._publish(draft, name, durable=False)
    assert parts.path(name).read_bytes() == b"x"


def test_a_place_that_cannot_be_freed_is_damage_and_no_endless_loop(parts):
    name = name_of(b"x")
    path = parts.path(name)
    with Draft(parts.layout.below("tmp")) as draft:
        os.write(draft.descriptor, b"something else")
        path.parent.mkdir(parents=True)

        class Stubborn:
            """Seals of a folder in which a wrong object comes back as often as it is taken away."""

            def intact(self, name):
                return False

            def damage(self, name):
                return parts.seals.damage(name)

        path.write_bytes(b"wrong")
        objects = Objects(parts.layout, Stubborn(), parts.lease, durable=False, writable=True)
        with pytest.raises(DamagedError):
            objects._publish(draft, name, durable=False)


def test_a_link_a_fifo_and_a_folder_are_not_stored(parts, work):
    (work / "f").write_bytes(b"x")
    (work / "link").symlink_to("f")
    os.mkfifo(work / "fifo")
    for name in ("link", "fifo", "."):
        with pytest.raises(NotStorableError):
            parts.put_file(work / name)
    with pytest.raises(FileNotFoundError):
        parts.put_file(work / "none")


def test_loaded_bytes_are_hashed_whatever_the_seal_says(parts, vandalise):
    # Fails if `load` does not hash what it has read.
    name = parts.objects.put_bytes(b"precious")
    seal = parts.seals.get(name)
    vandalise(parts.path(name), b"PRECIOUS", keep_times=True)
    status = os.lstat(parts.path(name))
    parts.index.put(b"o" + name.raw, seal._replace(ctime_ns=status.st_ctime_ns).pack())
    with pytest.raises(DamagedError):
        parts.objects.load(name)
    with pytest.raises(MissingError):
        parts.objects.load(name)


def test_what_is_no_file_is_damage(parts):
    name = parts.objects.put_bytes(b"x")
    for make in (os.mkdir, os.mkfifo, lambda path: os.symlink("/etc/passwd", path)):
        parts.seals.set_aside(name)
        make(parts.path(name))
        with pytest.raises(DamagedError):
            parts.objects.load(name)


def test_an_object_that_was_healed_while_it_was_read_is_tried_again_by_the_caller(parts):
    name = parts.objects.put_bytes(b"x")
    with pytest.raises(ChangedError, match="try again"):
        parts.objects.refuse(name)


def test_claiming_what_is_not_there_is_a_miss(parts):
    with pytest.raises(MissingError):
        parts.objects.hold([name_of(b"never")])
    assert not parts.objects.held(name_of(b"never"))


def test_trees_and_files_lie_apart(parts):
    blob = parts.objects.put_bytes(b'{"v":1}\n')
    tree = parts.objects.put_bytes(b'{"v":1}\n', Kind.TREE)
    assert parts.path(blob) != parts.path(tree)
    assert list(parts.objects.names(Kind.BLOB)) == [blob]
    assert list(parts.objects.names(Kind.TREE)) == [tree]


def test_strangers_among_the_objects_are_passed_over(parts, root):
    name = parts.objects.put_bytes(b"x")
    (root / "objects" / "lost+found").mkdir()
    (root / "objects" / "zz").mkdir()
    (root / "objects" / "zz" / "x").touch()
    (root / "objects" / "README").touch()
    assert list(parts.objects.names(Kind.BLOB)) == [name]


def test_removing_twice_is_as_removing_once(parts):
    name = parts.objects.put_bytes(b"x")
    for _ in range(2):
        parts.objects.remove(name)
        assert not parts.seals.intact(name)


def test_a_store_that_may_not_be_written_to_says_so(parts):
    objects = Objects(parts.layout, parts.seals, parts.lease, durable=False, writable=False)
    with pytest.raises(ReadOnlyError):
        objects.put_bytes(b"x")


def test_durable_objects_are_stored_too(parts, work):
    (work / "f").write_bytes(bytes(CHUNK + 1))
    name = parts.put_file(work / "f", durable=True).name
    assert parts.seals.intact(name)


def test_putting_again_counts_as_use(parts):
    name = parts.objects.put_bytes(b"x")
    parts.index.put(b"o" + name.raw, parts.seals.get(name)._replace(last_used=1).pack())
    parts.objects.put_bytes(b"x")
    assert parts.seals.get(name).last_used > 1
