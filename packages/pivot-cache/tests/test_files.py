import errno
import os
import resource

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivot.cache import FullError
from pivot.cache.digest import name_of
from pivot.cache.files import (
    CHUNK,
    Draft,
    SpaceChecked,
    clone,
    copy_hashing,
    hash_descriptor,
    open_regular,
    read_all,
    sweep_drafts,
    sync_folder,
    write_all,
)


@pytest.fixture(params=["unnamed", "named"])
def draft(request, tmp_path):
    (tmp_path / "tmp").mkdir()
    made = Draft(str(tmp_path / "tmp"), named=request.param == "named")
    yield made
    made.close()


def test_a_draft_appears_whole_under_its_name_and_nowhere_else(draft, tmp_path):
    # Fails if a draft is renamed to its name, so that it replaces what is there.
    write_all(draft.descriptor, b"abc")
    draft.finish(durable=True)
    assert not (tmp_path / "out").exists()
    status = draft.publish(str(tmp_path / "out" / "x"))
    found = (tmp_path / "out" / "x").stat()
    assert (tmp_path / "out" / "x").read_bytes() == b"abc"
    assert (found.st_ino, found.st_ctime_ns, found.st_nlink) == (status.st_ino, status.st_ctime_ns, 1)
    assert found.st_mode & 0o777 == 0o444
    assert os.listdir(tmp_path / "tmp") == []


def test_a_draft_never_replaces(draft, tmp_path):
    (tmp_path / "x").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        draft.publish(str(tmp_path / "x"))
    assert (tmp_path / "x").read_bytes() == b"old"


def test_a_draft_that_is_closed_leaves_nothing(tmp_path):
    for named in (False, True):
        Draft(str(tmp_path), named=named).close()
    assert os.listdir(tmp_path) == []


def test_a_file_system_without_hard_links_gets_a_rename(tmp_path, monkeypatch):
    # No such file system can be mounted in a test, so the system call is what is replaced.
    def refuse(*_, **__):
        raise OSError(errno.EPERM, "no hard links")

    draft = Draft(str(tmp_path), named=True)
    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "taken").touch()
    with pytest.raises(FileExistsError):
        draft.publish(str(tmp_path / "taken"))
    draft.publish(str(tmp_path / "x"))
    draft.close()
    assert sorted(os.listdir(tmp_path)) == ["taken", "x"]


def test_other_errors_of_a_link_are_not_hidden(tmp_path):
    draft = Draft(str(tmp_path), named=True)
    with pytest.raises(OSError, match="too long"):
        draft.publish(str(tmp_path / ("x" * 300)))
    draft.close()


def test_a_sweep_takes_the_drafts_of_the_dead_only(tmp_path):
    # Fails if `sweep_drafts` removes nothing, or does not ask for the lock.
    living = Draft(str(tmp_path), named=True)
    (tmp_path / "draft-dead").write_bytes(b"half")
    sweep_drafts(str(tmp_path))
    assert len(os.listdir(tmp_path)) == 1
    living.publish(str(tmp_path / "x"))
    living.close()


def test_a_folder_that_cannot_hold_drafts_is_an_error(tmp_path):
    with pytest.raises(OSError, match="Not a directory"), Draft("/dev/null"):
        pass


@given(st.binary(max_size=300), st.integers(0, 400))
def test_everything_is_read_whatever_length_was_expected(data, expected):
    source = _memory_file(data)
    assert read_all(source, expected) == data
    os.close(source)


def test_copying_names_the_bytes_that_were_written(tmp_path):
    data = os.urandom(2 * CHUNK + 17)
    source, target = _memory_file(data), os.open(tmp_path / "x", os.O_RDWR | os.O_CREAT)
    assert copy_hashing(source, target) == name_of(data)
    os.lseek(target, 0, os.SEEK_SET)
    assert hash_descriptor(target) == name_of(data)
    os.close(source)
    os.close(target)


def test_a_file_that_grows_as_fast_as_it_is_read_is_not_followed(tmp_path):
    path = tmp_path / "grows"
    path.write_bytes(bytes(3 * CHUNK))
    source, target = os.open(path, os.O_RDONLY), os.open(path, os.O_WRONLY | os.O_APPEND)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20 * CHUNK, before[1]))  # else a failure would fill the disk
    try:
        copy_hashing(source, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        os.close(source)
        os.close(target)
    assert path.stat().st_size <= 8 * CHUNK


def test_a_file_system_without_clones_says_so(tmp_path):
    source, target = _memory_file(b"x"), os.open(tmp_path / "x", os.O_RDWR | os.O_CREAT)
    assert not clone(source, target)
    os.close(source)
    os.close(target)


def test_a_fifo_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    os.close(open_regular(str(tmp_path / "fifo")))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_no_space_is_said_with_what_was_needed(tmp_path, code):
    with pytest.raises(FullError, match=r"need 3\.0 MB, .* free\n"), SpaceChecked(str(tmp_path), "a file", 3_000_000):
        raise OSError(code, "x")
    with pytest.raises(FullError, match="no room for a file"), SpaceChecked("/no/such/place", "a file"):
        raise OSError(code, "x")
    with pytest.raises(PermissionError), SpaceChecked(str(tmp_path), "a file"):
        raise PermissionError


def test_a_folder_can_be_synced(tmp_path):
    sync_folder(str(tmp_path))


def _memory_file(data):
    descriptor = os.memfd_create("data")
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
