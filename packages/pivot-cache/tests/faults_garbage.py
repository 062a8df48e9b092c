"""A small store in which everything occurs, garbage for each of its files, and a user who tries everything.

As a program: `faults_garbage.py` prints what each kind of garbage leads to.
"""

import ctypes
import logging
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from faults_children import in_child, quick_folder

from pivot.cache import Cache, CacheError, Link, MissingError, hash_bytes

_CONTENTS = {"plain": b"plain text " * 400, "run": b"#!/bin/sh\n", "sub/deep": bytes(range(256)) * 20}
_RECORD = {"model": "b3:" + "0" * 64}
MAP = 1 << 20


def build(root: Path, work: Path) -> str:
    """Make the store, as several processes leave it, one of them killed; gives the digest of a directory."""
    folder = work / "d"
    for name, data in _CONTENTS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "run").chmod(0o755)
    with Cache(root, durability="off", map_size=MAP) as cache:
        cache.put_bytes(b"rotten")
        rotten = path_of(root, hash_bytes(b"rotten"))
        rotten.chmod(0o644)
        rotten.write_bytes(b"very rotten")
        assert not cache.has(hash_bytes(b"rotten"))
        tree = cache.put(folder)
        cache.digest_of(folder)
        cache.gc([tree], grace=0.0)
        cache.remember("key", _RECORD)
    (root / "leases" / ("0" * 32)).write_bytes(b"process 1\n\n%s\n" % tree.encode())
    (root / "tmp" / "draft-0").write_bytes(b"half of")
    return tree


def path_of(root: Path, digest: str) -> Path:
    """Say where an object lies."""
    kind, _, digits = digest.partition(":")
    return root / ("objects" if kind == "b3" else "trees") / digits[:2] / digits[2:]


def victims(root: Path) -> dict[str, Path]:
    """Give every file and folder of a store, under labels that are the same for each store that is built."""
    found = [root, *sorted(root.rglob("*"))]
    labels: dict[str, Path] = {}
    for path in found:
        parts = path.relative_to(root).parts
        label = "/".join(parts[:1]) + ("/*" * (len(parts) - 1) if parts[:1] != ("index.lmdb",) else "/" + path.name)
        labels[f"{label}#{sum(known.partition('#')[0] == label for known in labels)}"] = path
    return labels


def _rewritten(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        data, mode = path.read_bytes(), path.stat().st_mode
        path.chmod(0o644)
        path.write_bytes(change(data))
        path.chmod(mode)

    return damage


def _replaced(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        make(path)

    return damage


def _flipped(data: bytes) -> bytes:
    at = random.Random(len(data)).randrange(len(data)) if data else 0
    return data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :] if data else b"\4"


FILE_DAMAGE: dict[str, Callable[[Path], None]] = {
    "empty": _rewritten(lambda data: b""),
    "half": _rewritten(lambda data: data[: len(data) // 2]),
    "a byte less": _rewritten(lambda data: data[:-1]),
    "a byte more": _rewritten(lambda data: data + b"\n"),
    "random": _rewritten(lambda data: random.Random(1).randbytes(max(len(data), 100))),
    "zeros": _rewritten(lambda data: bytes(max(len(data), 100))),
    "one bit": _rewritten(_flipped),
    "10 MB": _rewritten(lambda data: data.ljust(10_000_000, b"\n")),
    "gone": _replaced(lambda path: None),
    "folder": _replaced(os.mkdir),
    "link to /dev/zero": _replaced(lambda path: path.symlink_to("/dev/zero")),
    "fifo": _replaced(os.mkfifo),
    "unreadable": lambda path: path.chmod(0),
    "read-only": lambda path: path.chmod(0o444),
}
FOLDER_DAMAGE: dict[str, Callable[[Path], None]] = {
    "gone": _replaced(lambda path: None),
    "file": _replaced(lambda path: path.write_bytes(b"a file")),
    "link to nowhere": _replaced(lambda path: path.symlink_to("nowhere")),
    "fifo": _replaced(os.mkfifo),
    "unreadable": lambda path: path.chmod(0),
    "read-only": lambda path: path.chmod(0o555),
}


class Outcome(NamedTuple):
    """What a user saw of the damage."""

    errors: tuple[str, ...]
    """The messages of the store at first."""
    later: tuple[str, ...]
    """Those after the store was opened once more: none if it has healed."""


def suffer(label: str, damage: str) -> Outcome:
    """Build, damage, and try everything, twice."""
    give_up_privileges()
    top = Path(tempfile.mkdtemp(prefix="pivot-cache-", dir=quick_folder()))
    root, work = top / "store", top / "work"
    work.mkdir()
    try:
        tree = build(root, work)
        victim = victims(root)[label]
        (FOLDER_DAMAGE if victim.is_dir() else FILE_DAMAGE)[damage](victim)
        return Outcome(try_everything(root, work, tree), try_everything(root, work, tree))
    finally:
        for path in [top, *top.rglob("*")]:
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o700)
        shutil.rmtree(top)


def try_everything(root: Path, work: Path, tree: str, *, map_size: int = MAP) -> tuple[str, ...]:
    """Use a store in every way; gives the messages of its errors, raises for anything else that is wrong."""
    told = []
    try:
        cache = Cache(root, durability="off", map_size=map_size)
    except CacheError as error:
        return (checked(error),)
    for step in _steps(cache, work, tree):
        try:
            step()
        except MissingError as error:
            checked(error)  # to be made again: no word about what is wrong with the store
        except CacheError as error:
            told.append(checked(error))
    return tuple(told)


def _steps(cache: Cache, work: Path, tree: str) -> Iterator[Callable[[], Any]]:
    for data in _CONTENTS.values():
        digest = hash_bytes(data)
        yield lambda digest=digest, data=data: _same(_read(cache, digest), data)
        yield lambda digest=digest, data=data: _same(cache.get_bytes(digest), data)
        for mode in Link:
            yield lambda digest=digest, data=data, mode=mode: _restored(cache, digest, data, work / "out", mode)
    yield lambda: cache.restore(tree, work / "tree") or _same_folder(work / "tree")
    yield lambda: _same([entry.path for entry in cache.tree(tree).entries], ["plain", "run", "sub/deep"])
    yield lambda: cache.has(tree)
    yield lambda: _same(cache.recall("key") or _RECORD, _RECORD)
    yield lambda: list(cache.digests())
    yield lambda: list(cache.records())
    yield lambda: _same(cache.put(work / "d"), tree)
    yield lambda: _same_folder(work / "d")
    yield lambda: _same(cache.digest_of(work / "d"), tree)
    yield lambda: cache.remember("key", _RECORD) or _same(cache.recall("key"), _RECORD)
    yield (
        lambda: _same(cache.put_bytes(b"new"), hash_bytes(b"new")) or _same(cache.get_bytes(hash_bytes(b"new")), b"new")
    )
    yield lambda: cache.verify()
    yield lambda: cache.gc([tree], grace=0.0, dry_run=True)
    yield lambda: cache.gc([tree], grace=0.0)
    yield lambda: cache.restore(tree, work / "tree") or _same_folder(work / "tree")
    yield lambda: cache.info()
    yield lambda: cache.forget("no such key")
    yield lambda: cache.flush()
    yield lambda: cache.close()


def _read(cache: Cache, digest: str) -> bytes:
    with cache.open(digest) as file:
        return file.read()


def _restored(cache: Cache, digest: str, data: bytes, target: Path, mode: Link) -> None:
    cache.restore(digest, target, link=(mode,))
    _same(target.read_bytes(), data)


def _same(found: object, expected: object) -> None:
    assert found == expected, f"wrong: {found!r:.60}"


def _same_folder(folder: Path) -> None:
    for name, data in _CONTENTS.items():
        _same((folder / name).read_bytes(), data)


def checked(error: CacheError) -> str:
    """Give a message of the store; it must have two lines, what and where on one, what to do on the other."""
    text = str(error)
    assert text.count("\n") == 1, f"not two lines: {text!r}"
    assert all(line.strip() for line in text.split("\n")), f"not two lines: {text!r}"
    return text


def give_up_privileges() -> None:
    """Obey the modes of files also as root: without CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH and CAP_FOWNER."""
    logging.disable()
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, sets) == 0
    for at in (0, 1):  # effective and permitted
        sets[at] &= ~(1 << 1 | 1 << 2)
    assert libc.capset(header, sets) == 0


def cases() -> list[tuple[str, str]]:
    """Give every kind of garbage for every file and folder of a store."""
    with tempfile.TemporaryDirectory() as top:
        root, work = Path(top) / "store", Path(top) / "work"
        work.mkdir()
        in_child(lambda: build(root, work) and None)
        return [
            (label, damage)
            for label, path in victims(root).items()
            for damage in (FOLDER_DAMAGE if path.is_dir() else FILE_DAMAGE)
        ]


if __name__ == "__main__":
    for label, damage in cases():
        if len(sys.argv) > 1 and sys.argv[1] not in label:
            continue
        try:
            outcome = in_child(lambda label=label, damage=damage: suffer(label, damage))
            text = "heals" if not outcome.later else outcome.later[0].partition("\n")[0]
            first = (
                f" (at first: {outcome.errors[0].partition(chr(10))[0]})"
                if outcome.errors and not outcome.later
                else ""
            )
        except AssertionError as error:
            text, first = "FAILS " + str(error).strip().rpartition("\n")[2], ""
        print(f"{label:24} {damage:18} {text}{first}", flush=True)
