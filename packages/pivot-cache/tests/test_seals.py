import os
import resource
from typing import Any

import pytest
from faults_children import in_child

from pivot.cache import Cache, DamagedError, MissingError, UnusableError, seals
from pivot.cache.files import CANONICAL_MTIME_NS
from pivot.cache.rows import DURABLE


def _put(parts, data=b"precious"):
    name = parts.objects.put_bytes(data)
    return name, parts.path(name)


def test_an_object_that_is_right_is_not_touched_when_it_is_hashed(parts_in, tick):
    name = parts_in().objects.put_bytes(b"x")
    parts = parts_in()
    tick()
    before = parts.path(name).stat()
    assert parts.seals.rehash(name)
    assert parts.path(name).stat().st_ctime_ns == before.st_ctime_ns


def test_an_object_is_plain_read_only_and_has_the_canonical_time(parts):
    name, path = _put(parts)
    assert path.read_bytes() == b"precious"
    assert path.stat().st_mode & 0o777 == 0o444
    assert path.stat().st_mtime_ns == CANONICAL_MTIME_NS
    assert parts.seals.intact(name)


def test_an_untouched_object_is_not_read_again(parts):
    name, _path = _put(parts)
    seal = parts.seals.get(name)
    assert parts.seals.intact(name)
    assert parts.seals.get(name) == seal


@pytest.mark.parametrize("data", [b"PRECIOUS", b"precious and more", b"", b"p"])
@pytest.mark.parametrize("keep_times", [False, True])
def test_an_edit_in_place_is_seen_also_with_the_time_put_back(parts, vandalise, data, keep_times, caplog):
    # Fails if `intact_each` does not compare the seal.
    name, path = _put(parts)
    vandalise(path, data, keep_times=keep_times)
    assert not parts.seals.intact(name)
    assert not path.exists()
    [aside] = os.listdir(parts.layout.below("quarantine"))
    assert aside.startswith(f"b3-{name.hex}.")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert not parts.seals.intact(name)
    assert len(caplog.records) == 1


def test_a_touched_object_with_the_right_bytes_is_mended(parts):
    name, path = _put(parts)
    path.chmod(0o644)
    os.utime(path)
    assert parts.seals.intact(name)
    assert path.stat().st_mtime_ns == CANONICAL_MTIME_NS
    assert path.stat().st_mode & 0o777 == 0o444


def test_an_object_without_a_seal_is_hashed_and_sealed(parts, parts_in):
    name, _ = _put(parts)
    other = parts_in()
    assert other.seals.get(name) is None
    assert other.seals.intact(name)
    assert other.seals.get(name) is not None


@pytest.mark.parametrize("what", ["link", "fifo", "folder"])
def test_what_is_no_plain_file_is_no_object(parts, what, tmp_path):
    name, path = _put(parts)
    path.unlink()
    if what == "link":
        (tmp_path / "same").write_bytes(b"precious")
        path.symlink_to(tmp_path / "same")
    elif what == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    assert not parts.seals.intact(name)
    assert not os.path.lexists(path)


def test_a_good_object_that_another_process_put_meanwhile_is_not_set_aside(parts, vandalise, monkeypatch):
    # Fails if `rehash` sets aside whatever has the name by then.
    name, path = _put(parts)
    vandalise(path, b"PRECIOUS")
    hashing = seals.hash_descriptor

    def slow(*args):
        found = hashing(*args)
        if found != name:
            path.unlink()
            parts.objects.put_bytes(b"precious")
        return found

    monkeypatch.setattr(seals, "hash_descriptor", slow)
    assert parts.seals.rehash(name)
    assert path.read_bytes() == b"precious"
    assert os.listdir(parts.layout.below("quarantine")) == []


def test_too_many_open_files_are_no_damage(root, work):
    # Fails if `open_object` takes every error for one of the object.
    with Cache(root) as cache:
        digest = cache.put_bytes(b"precious")
        (root / "objects" / digest[3:5] / digest[5:]).touch()  # the seal does not fit any more
        cache.close()

        def use() -> None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (0, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
            for use in (cache.has, cache.get_bytes, cache.open, lambda it: cache.restore(it, work / "out")):
                with pytest.raises((UnusableError, OSError), match="Too many open files"):
                    use(digest)

        in_child(use)
        assert os.listdir(root / "quarantine") == []
        assert cache.get_bytes(digest) == b"precious"


def test_after_a_reboot_what_was_not_synced_is_hashed_once(parts, parts_in, vandalise):
    # Fails if `_outlived` believes every boot.
    name, path = _put(parts)
    rebooted = parts_in(b"2" * 16, parts.index)
    assert not rebooted.seals._fits(parts.seals.get(name), os.lstat(path))
    assert rebooted.seals.intact(name)
    assert parts.seals.get(name).boot == DURABLE
    again = parts_in(b"3" * 16, parts.index)
    assert again.seals._fits(parts.seals.get(name), os.lstat(path))


def test_a_new_object_is_not_taken_for_the_one_of_an_earlier_boot(parts, parts_in):
    # Its seal was lost with the process that made it, and the row of the earlier boot is still there.
    name, path = _put(parts)
    old = parts.seals.get(name)
    path.unlink()
    rebooted = parts_in(b"2" * 16, parts.index)
    rebooted.objects.put_bytes(b"precious")
    parts.index.put(b"o" + name.raw, old.pack())
    assert rebooted.seals.intact(name)
    assert rebooted.seals.get(name).boot == b"2" * 16


def test_after_a_power_cut_an_object_without_its_bytes_is_not_served(parts, parts_in):
    name, path = _put(parts)
    seal = parts.seals.get(name)
    # What a power cut leaves of a file that was linked before its bytes were written: the size, and zeros.
    path.chmod(0o644)
    path.write_bytes(bytes(8))
    path.chmod(0o444)
    os.utime(path, ns=(CANONICAL_MTIME_NS, CANONICAL_MTIME_NS))
    status = os.lstat(path)
    forged = seal._replace(ctime_ns=status.st_ctime_ns, ino=status.st_ino)
    parts.index.put(b"o" + name.raw, forged.pack())
    rebooted: Any = parts_in(b"2" * 16, parts.index)
    with pytest.raises(DamagedError):
        rebooted.objects.require(name)


def test_a_sync_makes_earlier_seals_outlive_the_boot(parts, parts_in):
    name, path = _put(parts)
    reached = parts.seals.get(name).sealed_at
    parts.seals.synced(reached)
    rebooted = parts_in(b"2" * 16, parts.index)
    assert rebooted.seals._fits(parts.seals.get(name), os.lstat(path))
    parts.seals.synced(reached - 1)
    assert not rebooted.seals._fits(parts.seals.get(name), os.lstat(path))


def test_strict_objects_outlive_the_boot(parts_in):
    parts = parts_in(durable=True)
    name, _path = _put(parts)
    assert parts.seals.get(name).boot == DURABLE


@pytest.mark.parametrize("how", ["strict store", "durable call"])
def test_what_somebody_else_stored_is_forced_to_the_disk_where_that_is_asked_for(parts, parts_in, work, how):
    name, path = _put(parts)
    (work / "f").write_bytes(b"precious")
    strict = parts_in(b"1" * 16, parts.index, durable=how == "strict store")
    strict.put_file(work / "f", durable=how == "durable call")
    assert parts.seals.get(name).boot == DURABLE
    assert parts.seals._fits(parts.seals.get(name), os.lstat(path))


def test_what_was_edited_meanwhile_is_not_sealed_as_durable(parts, vandalise):
    name, path = _put(parts)
    vandalise(path, b"PRECIOUS")
    parts.seals.secured(name, os.lstat(path))
    assert parts.seals.get(name).boot != DURABLE


def test_our_own_hard_link_keeps_the_seal_and_a_foreign_edit_does_not(parts, work, vandalise):
    name, path = _put(parts)
    before = parts.seals.get(name)
    os.link(path, work / "mine")
    parts.seals.reseal(name, before)
    assert parts.seals._fits(parts.seals.get(name), os.lstat(path))
    before = parts.seals.get(name)
    vandalise(path, b"PRECIOUS")
    parts.seals.reseal(name, before)
    assert not parts.seals._fits(parts.seals.get(name), os.lstat(path))


def test_resealing_what_was_never_sealed_or_is_gone_does_nothing(parts):
    name, path = _put(parts)
    before = parts.seals.get(name)
    parts.seals.drop(name)
    parts.seals.reseal(name, None)
    path.unlink()
    parts.seals.reseal(name, before)
    assert parts.seals.get(name) is None


def test_use_is_noted_by_the_hour(parts):
    name, _ = _put(parts)
    seal = parts.seals.get(name)
    parts.seals.used(name)
    assert parts.seals.get(name) == seal
    parts.index.put(b"o" + name.raw, seal._replace(last_used=1).pack())
    parts.seals.used(name)
    assert parts.seals.get(name).last_used > 1


def test_an_object_in_quarantine_is_missing_and_comes_back_when_it_is_put_again(parts, vandalise):
    name, path = _put(parts)
    vandalise(path, b"PRECIOUS")
    with pytest.raises(DamagedError, match="quarantine"):
        parts.objects.require(name)
    with pytest.raises(MissingError, match="fetch it"):
        parts.objects.require(name)
    assert parts.objects.put_bytes(b"precious") == name
    assert path.read_bytes() == b"precious"


def test_what_another_process_has_set_aside_is_not_reported_again(parts, caplog):
    # Fails if `set_aside` reports whatever it has moved or not.
    name = parts.objects.put_bytes(b"precious")
    parts.path(name).unlink()
    assert not parts.seals.set_aside(name)
    assert caplog.records == []
