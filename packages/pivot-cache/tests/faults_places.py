"""Stores on other file systems than the work tree, on ones without hard links, on ones that share blocks."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from faults_full import CannotMountError, mounted, unmount

from pivot.cache import Cache, Link, hash_bytes

_LARGE = 32 << 20
_FILES = {"plain": b"plain " * 1000, "run": b"#!/bin/sh\n", "sub/deep": bytes(range(256)) * 20}
_OPTIONS = {"ext4": ["-q", "-F"], "xfs": ["-q"], "btrfs": ["-q"], "vfat": [], "exfat": []}
_MOUNT = {"exfat": ("mount", "-t", "exfat-fuse", "-o", "loop")}
"""How to mount what not every kernel knows."""
_PAIRS = (
    ("ext4", "ext4"), ("tmpfs", "ext4"), ("ext4", "tmpfs"), ("xfs", "xfs"), ("btrfs", "btrfs"), ("xfs", "ext4"),
    ("vfat", "ext4"), ("vfat", "vfat"), ("exfat", "exfat"), ("exfat", "ext4"),
)  # fmt: skip
_NO_MODES = ("vfat", "exfat")
"""File systems on which all files are executable, or none."""


@contextlib.contextmanager
def disk(place: Path, kind: str, mebibytes: int = 400) -> Iterator[Path]:
    """Make a file system in a file and mount it while a block runs; raise `CannotMountError`."""
    point = place / f"on-{kind}"
    point.mkdir(parents=True)
    if kind == "tmpfs":
        with mounted("tmpfs", point, f"size={mebibytes}m"):
            yield point
        return
    image = place / f"{kind}.img"
    image.touch()
    os.truncate(image, mebibytes << 20)
    run(f"mkfs.{kind}", *_OPTIONS[kind], str(image))
    run(*_MOUNT.get(kind, ("mount", "-o", "loop")), str(image), str(point))
    try:
        yield point
    finally:
        unmount(point)


def run(*command: str) -> None:
    """Run a command that needs root; raise `CannotMountError` with what it said."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise CannotMountError(f"no {command[0]} here") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().partition("\n")[0]
        raise CannotMountError(f"{command[0]} {command[-1]}: {said}")


def everywhere(place: Path) -> Iterator[tuple[str, Sequence[str]]]:
    """Use stores in all places; gives a line for each, and what was wrong."""
    for number, (store, work) in enumerate(_PAIRS):
        top = place / str(number)
        try:
            yield _pair(top, store, work)
        except CannotMountError as error:
            yield f"store on {store}, work tree on {work}: left out ({error})", ()
        shutil.rmtree(top, ignore_errors=True)
    try:
        with disk(place, "ext4") as point:
            yield f"more links than ext4 has: {too_many_links(point)}", ()
    except CannotMountError as error:
        yield f"more links than ext4 has: left out ({error})", ()


def _pair(top: Path, store: str, work: str) -> tuple[str, Sequence[str]]:
    with contextlib.ExitStack() as stack:
        there = stack.enter_context(disk(top / "a", store))
        here = there if store == work else stack.enter_context(disk(top / "b", work))
        told, wrong = [], []
        for mode in Link:
            try:
                told.append(f"{mode.value} gives {restored(there / 'store', here / 'work', mode, work)}")
            except Exception as error:  # noqa: BLE001 - listed
                wrong.append(f"{mode.value}: {type(error).__name__}: {error}")
        return f"store on {store}, work tree on {work}: " + ", ".join(told), wrong


def restored(root: Path, work: Path, mode: Link, kind: str) -> str:
    """Put and restore in one way, raise if anything is not as it was; gives what was done in truth."""
    shutil.rmtree(work, ignore_errors=True)
    for name, data in _FILES.items():
        (work / "d" / name).parent.mkdir(parents=True, exist_ok=True)
        (work / "d" / name).write_bytes(data)
    (work / "d/run").chmod(0o755)
    (work / "large").write_bytes(os.urandom(_LARGE))
    with Cache(root, link=(mode,)) as cache:
        tree, large, plain = cache.put(work / "d"), cache.put(work / "large"), hash_bytes(_FILES["plain"])
        cache.restore(tree, work / "back")
        for name, data in _FILES.items():
            assert (work / "back" / name).read_bytes() == data
            if kind not in _NO_MODES:
                assert os.access(work / "back" / name, os.X_OK) == (name == "run")
        cache.restore(plain, work / "plain")
        assert (work / "plain").read_bytes() == _FILES["plain"]
        before = _free(work)
        cache.restore(large, work / "again")
        shared = before - _free(work) < _LARGE // 4
        assert (work / "again").read_bytes() == (work / "large").read_bytes()
        assert cache.digest_of(work / "again") == large
        assert kind in _NO_MODES or cache.digest_of(work / "back") == tree
        assert cache.verify().clean
        return _seen(work / "plain", shared=shared)


def _seen(path: Path, *, shared: bool) -> str:
    if path.is_symlink():
        return "a symbolic link"
    if path.stat().st_nlink > 1:
        return "a hard link"
    return "shared blocks" if shared else "a copy"


def _free(place: Path) -> int:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.sync()
        status = os.fstatvfs(descriptor)
        return status.f_bfree * status.f_frsize
    finally:
        os.close(descriptor)


def too_many_links(top: Path) -> str:
    """Restore by hard link what has as many names as a file can have; gives what was done in truth."""
    with Cache(top / "store", link=(Link.HARDLINK,)) as cache:
        digest = cache.put_bytes(b"popular")
        cache.restore(digest, top / "first")
        count = 2
        with contextlib.suppress(OSError):
            while True:
                os.link(top / "first", top / f"link-{count}")
                count += 1
        cache.restore(digest, top / "last")
        assert (top / "last").read_bytes() == b"popular"
        assert cache.has(digest)
        return f"{count} names, and one more is {_seen(top / 'last', shared=False)}"
