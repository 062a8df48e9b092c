"""Copies of a disk at work: what a power cut at that moment would leave, of a real file system with a real journal.

The disk is an ext4 image, and it lies on an XFS image, where a copy of a file is made in one step (FICLONE) whatever is
written to it. What had not reached the disk when the copy was made is not in it.
"""

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from faults_children import ChildFailedError, fork, in_child
from faults_full import CannotMountError, unmount
from faults_places import disk, run
from faults_recorder import pretend

from pivot.cache import Cache, MissingError, hash_bytes
from pivot.cache.files import clone

POLICIES = ("strict", "batch")
_MAP = 1 << 20
_USERS = 3
_NUMBERS = 800
_TOGETHER = 20
"""Objects that are made before one `sync()`, where the policy does not force each to the disk."""
_PAUSE = 0.15


class Copy(NamedTuple):
    """An image, and what had been promised before it was made."""

    image: Path
    promised: frozenset[str]


def figure(place: Path, policy: str, count: int) -> tuple[str, Sequence[str]]:
    """Copy a disk at work so many times, look at each copy; gives a line, and what was wrong."""
    promised, wrong = 0, []
    with disk(place, "xfs", 4000) as host:
        for copy in list(_copies(host, policy, count)):
            promised += len(copy.promised)
            wrong += [f"{copy.image.name}: {text}" for text in _looked(copy, place / "look", policy)]
            copy.image.unlink()
    return f"{policy}: {count} images, {promised} promises", wrong


def _copies(host: Path, policy: str, count: int) -> Iterator[Copy]:
    with disk(host, "ext4", 300) as point:
        image, said = host / "ext4.img", host / "said"
        said.touch()
        users = [fork(lambda seed=seed: _use(point / "store", said, policy, seed), 3600) for seed in range(_USERS)]
        try:
            chance = random.Random(count)
            for number in range(count):
                time.sleep(chance.uniform(0, _PAUSE))
                yield _copied(image, said, host / f"copy-{number}.img")
        finally:
            for user in users:
                os.kill(user.pid, signal.SIGKILL)
                os.close(user.pipe)
                os.waitpid(user.pid, 0)


def _copied(image: Path, said: Path, copy: Path) -> Copy:
    # First what was said, then the disk: what is said in between may be on it, and need not.
    promised = frozenset(said.read_text().split("\n")[:-1])
    with image.open("rb") as source, copy.open("wb") as target:
        if not clone(source.fileno(), target.fileno()):
            raise CannotMountError("a file system that copies files in one step")
    return Copy(copy, promised)


def _use(root: Path, said: Path, policy: str, seed: int) -> None:
    """Store things, and write down what is promised to be on the disk, outside of that disk."""
    chance, waiting = random.Random(seed), []
    out = os.open(said, os.O_WRONLY | os.O_APPEND)
    with Cache(root, durability=policy, map_size=_MAP) as cache:
        while True:
            number = chance.randrange(_NUMBERS)
            waiting.append(_stored(cache, number))
            if policy == "strict" or len(waiting) >= _TOGETHER:
                if policy != "strict":
                    cache.sync()
                os.write(out, "".join(f"{name}\n" for name in waiting).encode())
                waiting.clear()
            if chance.random() < 0.02:
                cache.close()


def _stored(cache: Cache, number: int) -> str:
    if number % 10 == 0:
        cache.remember(f"key {number}", {"is": number})
        return f"key {number}"
    size = 1_100_000 if number % 200 == 1 else (number * 37) % 9000
    return cache.put_bytes(random.Random(number).randbytes(size))


def _looked(copy: Copy, point: Path, policy: str) -> list[str]:
    point.mkdir(exist_ok=True)
    run("mount", "-o", "loop", str(copy.image), str(point))  # replays the journal
    try:
        in_child(lambda: _look(point / "store", copy.promised, policy), 120)
    except ChildFailedError as error:
        return [str(error).strip().rpartition("\n")[2]]
    finally:
        unmount(point)
    return _checked(copy.image)


def _look(root: Path, promised: frozenset[str], policy: str) -> None:
    pretend("boot_id", lambda *_: b"3" * 16)
    assert root.exists() or not promised, "lost the store"
    with Cache(root, durability=policy, map_size=_MAP) as cache:
        for name in list(cache.digests()):
            with contextlib.suppress(MissingError):
                assert hash_bytes(cache.get_bytes(name)) == name, f"wrong bytes of {name}"
        for name in promised:
            if name.startswith("key "):
                assert cache.recall(name) == {"is": int(name[4:])}, f"lost {name}"
            else:
                assert cache.has(name), f"lost {name}"
        digest = cache.put_bytes(b"alive")
        assert cache.get_bytes(digest) == b"alive"
        assert os.listdir(root / "tmp") == []


def _checked(image: Path) -> list[str]:
    done = subprocess.run(["e2fsck", "-fn", str(image)], capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [f"e2fsck: {done.stdout.strip().rpartition(chr(10))[2]}"]
