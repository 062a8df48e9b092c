"""What living processes hold on to: garbage collection spares it, and cleans up behind those that died.

A lease is a file that its process keeps locked for life. Each line claims one object or names one temporary path
outside the store. A claim is written under a shared lock that a sweep takes exclusively, and the claimer looks whether
the object is there after that: either the sweep sees the claim, or the claimer sees the object gone.

While a collection runs, no lease is removed. One that ended after the roots were read may have claimed, for a moment,
what is named by a lock file that nobody had written then.
"""

import contextlib
import errno
import fcntl
import os
import re
import threading
from collections.abc import Iterable, Iterator

from pivot.cache.digest import Digest, Name
from pivot.cache.errors import BadDigestError, BusyError, FullError
from pivot.cache.files import SpaceChecked, is_regular, open_regular
from pivot.cache.forks import rest_around_forks
from pivot.cache.layout import Layout
from pivot.cache.locks import let_go, locked, open_lock, try_lock, wait_lock
from pivot.cache.names import parse
from pivot.cache.sharing import open_made

_TEMPORARY = b"temporary "
_OWN_NAME = re.compile(rb"\A\..*\.pivot-[0-9a-f]{16}\Z", re.DOTALL)


def temporary_beside(path: str) -> str:
    """Give a name in the same folder that only this package makes up."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name[:200]}.pivot-{os.urandom(8).hex()}")


class Lease:
    """The claims of this process, on disk from the first one on.

    claim     hold objects; only what is seen after that is sure to stay
    announce  name temporary paths, to be removed if this process dies
    leave     keep their names, because one could not be removed
    close     give everything up
    """

    def __init__(self, layout: Layout, *, writable: bool) -> None:
        self._layout, self._writable = layout, writable
        self._use_lock = layout.below("use.lock")
        self._lock = threading.RLock()
        self._file = -1
        self._use = -1
        self._path = ""
        self._owner = os.getpid()
        self._left_something = False
        self._claimed: set[Name] = set()
        rest_around_forks(self)

    def claim(self, names: Iterable[Name]) -> None:
        """Hold objects until this lease is closed: a sweep has ended before this returns, or spares them."""
        if not self._writable:
            return
        known = self._claimed if self._owner == os.getpid() else ()
        new = [name for name in names if name not in known]
        if not new:
            return
        with self._lock:
            self._open()
            wait_lock(self._use, self._use_lock, fcntl.LOCK_SH)
            try:
                self._write([name.digest.encode() for name in new])
                self._claimed.update(new)
            finally:
                fcntl.flock(self._use, fcntl.LOCK_UN)

    def announce(self, paths: Iterable[str]) -> None:
        """Say that these are temporary, before they are made; where the store is full, they are made all the same."""
        if self._writable:
            with self._lock, contextlib.suppress(FullError):
                self._open()
                self._write([_TEMPORARY + os.fsencode(path).hex().encode() for path in paths])

    def leave(self) -> None:
        """Say that something announced could not be removed: whoever opens the store next shall try."""
        self._left_something = True

    def close(self) -> None:
        """Give up the claims."""
        with self._lock:
            if self._file < 0:
                return
            if self._owner == os.getpid():
                with contextlib.suppress(OSError), between_collections(self._layout) as may_go:
                    if may_go and not self._left_something:
                        os.unlink(self._path)
            self._release()

    def before_fork(self) -> None:
        """Wait for other threads: a child would get their lock held, with nobody to let it go."""
        self._lock.acquire()

    def after_fork(self) -> None:
        """Let other threads go on."""
        self._lock.release()

    def _write(self, lines: list[bytes]) -> None:
        # A newline on both sides: what a full disk cut off spoils no later line.
        data = b"\n%s\n" % b"\n".join(lines)
        with SpaceChecked(self._layout.root, "a claim"):
            if os.write(self._file, data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _release(self) -> None:
        os.close(self._file)
        os.close(self._use)
        self._file = self._use = -1
        self._left_something = False
        self._claimed.clear()

    def _open(self) -> None:
        if self._file >= 0 and self._owner != os.getpid():
            self._release()  # a forked child: the lease is its parent's
        if self._file >= 0:
            return
        self._owner = os.getpid()
        with SpaceChecked(self._layout.root, "a claim"):
            if self._use < 0:
                self._use = open_lock(self._use_lock)
            self._create()

    def _create(self) -> None:
        with locked(self._layout.below("open.lock")):
            _sweep_between_collections(self._layout)
            self._path = self._layout.below(f"leases/{os.urandom(16).hex()}")
            self._file = open_made(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            wait_lock(self._file, self._path)  # a reader of leases may look at it just now, and lets go at once
        os.write(self._file, b"process %d\n" % os.getpid())


@contextlib.contextmanager
def between_collections(layout: Layout) -> Iterator[bool]:
    """Say whether no collection runs; then none begins while the block runs."""
    descriptor = open_lock(layout.below("gc.lock"))
    try:
        yield try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        let_go(descriptor)


def sweep_dead(layout: Layout) -> None:
    """Remove the leases of processes that are gone, with what they left half-made.

    Hold `open.lock` for this, and let no collection be past the reading of its roots.
    """
    for path, descriptor, alive in _leases(layout):
        if not alive:
            _remove_leftovers(descriptor)
            with contextlib.suppress(OSError):
                os.unlink(path)


def tidy(layout: Layout) -> None:
    """Do that when a store is opened, unless another process holds the lock: that one does it."""
    if os.listdir(layout.below("leases")):
        with contextlib.suppress(BusyError, OSError), locked(layout.below("open.lock"), patience=0):
            _sweep_between_collections(layout)


def _sweep_between_collections(layout: Layout) -> None:
    with between_collections(layout) as may_go:
        if may_go:
            sweep_dead(layout)


def all_claims(layout: Layout) -> set[Name]:
    """Give everything that any lease claims; hold `use.lock` exclusively for this."""
    return {name for _, descriptor, _ in _leases(layout) for name in _claims(descriptor)}


def count_live(layout: Layout) -> int:
    """Count the processes that hold claims."""
    return sum(alive for _, _, alive in _leases(layout))


def _leases(layout: Layout) -> Iterator[tuple[str, int, bool]]:
    folder = layout.below("leases")
    for path in [f"{folder}/{name}" for name in sorted(os.listdir(folder))]:
        with contextlib.suppress(OSError):
            descriptor = open_regular(path)
            try:
                if is_regular(os.fstat(descriptor)):
                    yield path, descriptor, not _take(descriptor)
            finally:
                os.close(descriptor)


def _take(descriptor: int) -> bool:
    # Shared: two processes that look at the same lease must not take each other for its owner.
    return try_lock(descriptor, fcntl.LOCK_SH)


def _lines(descriptor: int) -> list[bytes]:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        return file.read().split(b"\n")[:-1]


def _claims(descriptor: int) -> Iterator[Name]:
    for line in _lines(descriptor):
        with contextlib.suppress(BadDigestError, UnicodeDecodeError):
            yield parse(Digest(line.decode("ascii")))


def _remove_leftovers(descriptor: int) -> None:
    # A lease is only a file: of one that another user wrote, nothing is believed.
    if os.fstat(descriptor).st_uid != os.geteuid():
        return
    for line in _lines(descriptor):
        if line.startswith(_TEMPORARY):
            with contextlib.suppress(ValueError, OSError):
                _remove_own(bytes.fromhex(line.removeprefix(_TEMPORARY).decode("ascii")))


def _remove_own(path: bytes) -> None:
    if os.path.isabs(path) and _OWN_NAME.match(os.path.basename(path)):
        remove(os.fsdecode(path))


def remove(path: str) -> None:
    """Remove a file, a link or a whole directory."""
    if os.path.isdir(path) and not os.path.islink(path):
        import shutil

        # A directory that may not be written to would keep what is in it.
        for folder, _, _ in os.walk(path):
            os.chmod(folder, 0o700)
        shutil.rmtree(path)
    else:
        os.unlink(path)
