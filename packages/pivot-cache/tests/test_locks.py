import fcntl
import os

import pytest

from pivot.cache import BusyError
from pivot.cache.locks import locked, open_lock, try_lock, wait_lock


def test_a_held_lock_is_refused_with_the_name_of_its_owner(tmp_path):
    path = str(tmp_path / "x.lock")
    with locked(path), pytest.raises(BusyError, match=f"process {os.getpid()}"), locked(path, patience=0.0):
        pass


def test_a_lock_ends_with_its_block_and_its_file_stays(tmp_path):
    path = str(tmp_path / "x.lock")
    for _ in range(2):
        with locked(path, patience=0.0):
            pass
    assert os.path.exists(path)


def test_a_lock_ends_with_its_process(tmp_path, start):
    path = tmp_path / "x.lock"
    source = (
        "import sys\nfrom pivot.cache.locks import *\nwith locked(sys.argv[1]):\n print(flush=True); sys.stdin.read()"
    )
    process = start(source, path)
    process.stdout.readline()
    with pytest.raises(BusyError, match=f"process {process.pid}"), locked(str(path), patience=0.0):
        pass
    process.kill()
    with locked(str(path)):
        pass


def test_who_waits_for_a_stopped_process_says_so_and_what_to_do(tmp_path, start, caplog):
    # A file that its owner does not sign, such as that of records.
    path = tmp_path / "records"
    path.write_bytes(b"0123456789" * 5)
    source = "import fcntl, os, sys\nfile = open(sys.argv[1])\nfcntl.flock(file, fcntl.LOCK_EX)\nprint(flush=True)\n"
    process = start(f"{source}os.kill(os.getpid(), 19)", path)
    process.stdout.readline()
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    descriptor = open_lock(str(path))
    held = f"{path} is held by process {process.pid}"
    advice = f"it is stopped: let it go on (kill -CONT {process.pid}), or end that process, and try again"
    with pytest.raises(BusyError) as raised:
        wait_lock(descriptor, str(path), patience=0.01, silence=0.0)
    assert str(raised.value) == f"{held}\n{advice}"
    assert caplog.messages == [f"waiting: {held}; {advice}"]
    os.close(descriptor)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_forked_meanwhile_does_not_hold_on_to_a_lock(tmp_path):
    path = str(tmp_path / "x.lock")
    told, tell = os.pipe()
    with locked(path):
        child = os.fork()
        if child == 0:
            os.close(tell)
            os.read(told, 1)  # until the parent closes its end
            os._exit(0)
    with locked(path, patience=0.0):
        pass
    os.close(tell)
    os.close(told)
    os.waitpid(child, 0)


def test_readers_share_and_exclude_a_writer(tmp_path):
    path = str(tmp_path / "x.lock")
    first, second, third = open_lock(path), open_lock(path), open_lock(path)
    assert try_lock(first, fcntl.LOCK_SH)
    assert try_lock(second, fcntl.LOCK_SH)
    assert not try_lock(third)
    with pytest.raises(BusyError, match="another process"):
        wait_lock(third, path, patience=0.01)
    for descriptor in (first, second, third):
        os.close(descriptor)
