"""A system call that fails once, for each call of each kind that a store makes: injected by strace into a child."""

import mmap
import os
import pickle
import re
import shutil
import signal
import subprocess
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from faults_children import DEADLINE, ChildFailedError, in_child
from faults_full import Kept, Score, look, prepare, use

from pivot.cache import CacheError

CALLS = (
    "openat", "read", "readv", "pread64", "write", "pwrite64", "fsync", "fdatasync", "syncfs", "ftruncate", "truncate",
    "link", "linkat", "symlink", "rename", "renameat2", "unlink", "mkdir", "fchmod", "chmod", "utimensat", "flock",
    "getdents64", "newfstatat", "ioctl", "mmap",
)  # fmt: skip
ERRORS = ("EIO", "EDQUOT", "EINTR", "ENOMEM")
_ANSWER = 1 << 20
_WAKE = signal.SIGUSR1


def is_here() -> bool:
    """Say whether there is an strace that may look at our children."""
    return shutil.which("strace") is not None and in_child(_may_trace)


def _may_trace() -> bool:
    done = subprocess.run(["strace", "-q", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return done.returncode == 0


def calls(place: Path) -> list[tuple[str, str]]:
    """Give the calls that everything we try makes, with what was passed to them."""
    log = place / "log"
    _traced(place, ["-y", "-o", str(log), "-e", "trace=" + ",".join(f"?{call}" for call in CALLS)])
    found = re.findall(r"^\d+ +(\w+)\((.*)", log.read_text(errors="replace"), re.MULTILINE)
    return [(call, passed) for call, passed in found if call in CALLS]


def first(made: list[tuple[str, str]], call: str, passed: str) -> int:
    """Say which of the calls of a kind is the first one to which this was passed, from 1 on."""
    return [passed in words for name, words in made if name == call].index(True) + 1


def chosen(counts: Counter[str], most: int) -> Iterator[tuple[str, str, int]]:
    """Choose which call fails and how: all of them, or of each kind as many as are to be tried, evenly."""
    each = max(most // (len(counts) * len(ERRORS)), 1)
    for call, count in sorted(counts.items()):
        for shift, error in enumerate(ERRORS):
            step = max(count / each, 1.0)
            at = 1 + shift * step / len(ERRORS)
            while at < count + 1:
                yield call, error, int(at)
                at += step


def inject(place: Path, cases: list[tuple[str, str, int]]) -> Score:
    """Let each of these calls fail, in a process and a store of its own; then look, and use the store once more."""
    score = Score()
    for call, error, at in cases:
        options = ["-o", "/dev/null", "-e", f"inject={call}:error={error}:when={at}"]
        score = score.plus(_tried(place, options), f"{call} {at} {error}")
    return score


def _tried(place: Path, options: list[str]) -> Kept | str:
    try:
        kept = _traced(place, options)
        root, source, target = place / "store", place / "work", place / "out"
        in_child(lambda: look(root, target, kept))
        in_child(lambda: use(root, source, target, large=False))
    except ChildFailedError as error:
        return str(error).strip().rpartition("\n")[2]
    return kept


def _traced(place: Path, options: list[str]) -> Kept:
    for name in ("warm", "store", "work", "out"):
        shutil.rmtree(place / name, ignore_errors=True)
    for name in ("work", "out"):
        (place / name).mkdir()
    prepare(place / "work")
    # Once without: what is imported on the way is not what should fail.
    use(place / "warm", place / "work", place / "out", large=False)
    return _followed(lambda: use(place / "store", place / "work", place / "out", (CacheError,), large=False), options)


def _followed(work: Callable[[], Kept], options: list[str]) -> Kept:
    """Run `work` in a child that waits for strace, and tells through memory, because calls may fail, what it gave."""
    answer = mmap.mmap(-1, _ANSWER)
    signal.pthread_sigmask(signal.SIG_BLOCK, {_WAKE})
    pid = os.fork()
    if pid == 0:
        signal.alarm(DEADLINE)
        signal.sigwait({_WAKE})
        try:
            said = True, work()
        except BaseException:  # noqa: BLE001 - the parent raises it
            said = False, traceback.format_exc()
        answer.write(pickle.dumps(said))
        os.kill(os.getpid(), signal.SIGKILL)
    strace = subprocess.Popen(["strace", "-f", "-p", str(pid), *options], stderr=subprocess.PIPE, text=True)
    assert strace.stderr is not None
    assert "attached" in strace.stderr.readline()
    os.kill(pid, _WAKE)
    _, status = os.waitpid(pid, 0)
    strace.stderr.close()
    strace.wait()
    if not answer[:1].strip(b"\0"):
        raise ChildFailedError(f"died of {signal.Signals(os.WTERMSIG(status)).name}")
    good, said = pickle.loads(answer)
    if not good:
        raise ChildFailedError(f"raised\n{said}")
    return said
