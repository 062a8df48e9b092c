"""A disk with room for this much and no more: what a user of the store is told, and what is there once there is room.

As a program: `faults_full.py <folder> <first> <last> <step>` (KiB) mounts over the folder, and prints a figure.
"""

import contextlib
import ctypes
import os
import resource
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from faults_children import ChildFailedError, in_child
from faults_garbage import checked

from pivot.cache import Cache, CacheError, DamagedError, FormatError, FullError, Link, MissingError, hash_bytes

KIB = 1024
MAP = 256 * KIB
_BLOBS = (b"small", b"page" * 1024, b"some " * 10_000, bytes(1_200_000))
_FILES = {"a": b"a" * 3000, "b/c": b"c" * 70_000, "b/run": b"#!/bin/sh\n"}
_BLOB_KEYS = ("one", "two")
_NO_ROOM = FullError, FormatError
"""What a call says where there is no room, and where there is none even for an empty store."""


class CannotMountError(Exception):
    """This process may not mount, or the kernel does not know the file system."""


class Kept(NamedTuple):
    """What calls that returned have promised, before the disk was full or after."""

    digests: tuple[str, ...]
    keys: tuple[str, ...]
    refused: int
    """Calls that said that there is no room."""


def mount(kind: str, place: Path, options: str, source: str = "none", flags: int = 0) -> None:
    """Mount something; raise `CannotMountError`."""
    libc = ctypes.CDLL(None, use_errno=True)
    asked = (source.encode(), os.fsencode(place), kind.encode(), flags, options.encode())
    if libc.mount(*(word if isinstance(word, bytes) else ctypes.c_ulong(word) for word in asked)) != 0:
        raise CannotMountError(f"{kind} at {place}: {os.strerror(ctypes.get_errno())}")


def unmount(place: Path) -> None:
    """Take a mount away at once, whoever uses it still."""
    ctypes.CDLL(None).umount2(os.fsencode(place), 2)


@contextlib.contextmanager
def mounted(kind: str, place: Path, options: str, source: str = "none") -> Iterator[Path]:
    """Mount something while a block runs."""
    mount(kind, place, options, source)
    try:
        yield place
    finally:
        unmount(place)


def prepare(work: Path) -> None:
    """Make what the user of the store puts there."""
    for name, data in _FILES.items():
        (work / "d" / name).parent.mkdir(parents=True, exist_ok=True)
        (work / "d" / name).write_bytes(data)
    (work / "d/b/run").chmod(0o755)
    for number, data in enumerate(_BLOBS):
        (work / str(number)).write_bytes(data)


def use(root: Path, work: Path, out: Path, expected: tuple[type[CacheError], ...] = (), *, large: bool = True) -> Kept:
    """Use the store in every way that takes room; raise for any error that is not one of the expected kinds."""
    digests: list[str] = []
    keys: list[str] = []
    refused = 0
    for step in _steps(root, work, out, digests, keys, large=large):
        try:
            step()
        except CacheError as error:
            checked(error)
            if not isinstance(error, expected) or isinstance(error, DamagedError):
                raise
            refused += 1
        except OSError as error:
            if not expected or error.filename is None or Path(os.fsdecode(error.filename)).is_relative_to(root):
                raise
            refused += 1  # a file of the user
    return Kept(tuple(digests), tuple(keys), refused)


def _steps(
    root: Path, work: Path, out: Path, digests: list[str], keys: list[str], *, large: bool
) -> Iterator[Callable[[], Any]]:
    caches: list[Cache] = []
    yield lambda: caches.append(Cache(root, map_size=MAP))
    for cache in caches:
        yield from _puts(cache, work, digests, keys, large=large)
        yield from _restores(cache, out / "out", digests)
        yield lambda cache=cache: cache.digest_of(work / "d")
        yield cache.close
        yield cache.verify
        yield lambda cache=cache: cache.gc(digests, grace=0.0)
        yield cache.close


def _puts(cache: Cache, work: Path, digests: list[str], keys: list[str], *, large: bool) -> Iterator[Callable[[], Any]]:
    for number, data in enumerate(_BLOBS if large else _BLOBS[:2]):
        yield lambda data=data: digests.append(cache.put_bytes(data))
        yield lambda number=number: digests.append(cache.put(work / str(number)))
        yield cache.flush
    yield lambda: digests.append(cache.put(work / "d"))
    for key in _BLOB_KEYS:
        yield lambda key=key: cache.remember(key, {"is": key}) or keys.append(key)


def _restores(cache: Cache, target: Path, digests: list[str]) -> Iterator[Callable[[], Any]]:
    for digest in tuple(digests):
        for mode in Link:
            yield lambda digest=digest, mode=mode: cache.restore(digest, target, link=(mode,))


def look(root: Path, out: Path, kept: Kept) -> None:
    """Raise if anything is wrong, lost or left over; there is room again."""
    with Cache(root, map_size=MAP) as cache:
        for digest in kept.digests:
            assert cache.has(digest), f"lost {digest}"
        for data in _BLOBS:
            with contextlib.suppress(MissingError):
                assert cache.get_bytes(hash_bytes(data)) == data
        for key in _BLOB_KEYS:
            assert cache.recall(key) in (({"is": key},) if key in kept.keys else (None, {"is": key}))
        assert cache.verify().clean
        cache.put_bytes(b"alive")
        assert os.listdir(root / "tmp") == []
        assert len(os.listdir(root / "leases")) == 1
    assert [path for path in out.iterdir() if ".pivot-" in path.name] == []


class Score(NamedTuple):
    """What came of some sizes."""

    sizes: int = 0
    refused: int = 0
    """Calls that said that there is no room."""
    kept: int = 0
    """Objects that were stored all the same, and are there."""
    wrong: tuple[str, ...] = ()

    def plus(self, kept: Kept | str, label: str) -> "Score":
        """Count one more size, or what was wrong with it."""
        if isinstance(kept, str):
            return self._replace(sizes=self.sizes + 1, wrong=(*self.wrong, f"{label}: {kept}"))
        counts = self.sizes + 1, self.refused + kept.refused, self.kept + len(kept.digests)
        return Score(*counts, self.wrong)


def sweep_disk(place: Path, sizes: range, *, where: str = "store") -> Score:
    """Give the store (or the work tree) a disk of each size, in KiB; raises `CannotMountError`."""
    score, disk, rest = Score(), place / "disk", place / "rest"
    for size in sizes:
        disk.mkdir(exist_ok=True)
        rest.mkdir()
        with mounted("tmpfs", disk, f"size={size}k"):
            store, work = (disk, rest) if where == "store" else (rest, disk)
            score = score.plus(_tried(store, rest, work, lambda: _enlarge(disk)), f"{size} KiB")
        shutil.rmtree(rest)
    return score


def sweep_limit(place: Path, sizes: range) -> Score:
    """Let no file be longer than each size, in KiB (`ulimit -f`)."""
    score = Score()
    for size in sizes:
        rest = place / "rest"
        rest.mkdir()
        limit = (size * KIB, resource.RLIM_INFINITY)
        before = lambda limit=limit: resource.setrlimit(resource.RLIMIT_FSIZE, limit)  # noqa: E731
        score = score.plus(_tried(rest, rest, rest, lambda: None, before), f"limit of {size} KiB")
        shutil.rmtree(rest)
    return score


def _tried(
    store: Path, work: Path, out: Path, make_room: Callable[[], None], limit: Callable[[], None] = lambda: None
) -> Kept | str:
    root, source, target = store / "store", work / "work", out / "out"
    source.mkdir()
    prepare(source)
    try:
        target.mkdir()
        kept = in_child(lambda: limit() or use(root, source, target, _NO_ROOM))
        make_room()
        in_child(lambda: look(root, target, kept))
        in_child(lambda: use(root, source, target))
        in_child(lambda: look(root, target, kept))
    except OSError:
        return Kept((), (), 0)  # no room even for the folder of the user
    except ChildFailedError as error:
        return str(error).strip().rpartition("\n")[2]
    return kept


def _enlarge(place: Path) -> None:
    mount("tmpfs", place, "size=64m", flags=32)  # MS_REMOUNT


if __name__ == "__main__":
    import logging

    logging.disable()
    first, last, step = map(int, sys.argv[2:])
    try:
        total = sweep_disk(Path(sys.argv[1]), range(first, last, step))
    except CannotMountError as error:
        print(f"cannot mount {error}")
        sys.exit()
    print(*total.wrong, sep="\n", end="\n" * bool(total.wrong))
    print(f"{total.sizes} sizes, {total.refused} calls refused, {len(total.wrong)} wrong")
