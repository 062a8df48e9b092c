"""Processes that use a store until they are killed at some instant, and the look at what they left.

As a program: `faults_soak.py <kills> [seed]` prints how many kills what came of.
"""

import contextlib
import functools
import logging
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from faults_children import Child, fork, in_child, kill

from pivot.cache import BusyError, Cache, ChangedError, Link, MissingError, hash_bytes

SIZES = (0, 1, 100, 5000, 300_000, 7, 70, 700, 4096, 4097, 1_100_000, 20_000, 2, 20, 200)
NUMBERS = 30
MAP = 1 << 20
_LIFE = 0.03
"""Seconds that a process lives at most before it is killed."""


@functools.cache
def content(number: int) -> bytes:
    """Give bytes that follow from a number, so that whoever finds them can tell whether they are right."""
    return random.Random(number).randbytes(SIZES[number % len(SIZES)])


@functools.cache
def digest(number: int) -> str:
    """Name that content."""
    return hash_bytes(content(number))


class User(NamedTuple):
    """A process that does random things with a store."""

    cache: Cache
    work: Path
    chance: random.Random
    alone: bool = False
    """Nobody edits objects: what this process has claimed must be there."""

    def step(self) -> None:
        """Do one thing; what it reads is checked, and it may fail only in the ways that the store documents."""
        number = self.chance.randrange(NUMBERS)
        with contextlib.suppress(MissingError, ChangedError, BusyError):
            self.chance.choices(_STEPS, _WEIGHTS)[0](self, number)

    def put_bytes(self, number: int) -> None:
        assert self.cache.put_bytes(content(number)) == digest(number)
        self._must_be_there(digest(number))

    def put_file(self, number: int) -> None:
        path = self.work / f"{os.getpid()}-{number}"
        path.unlink(missing_ok=True)
        path.write_bytes(content(number))
        assert self.cache.put(path, durable=self.chance.random() < 0.05) == digest(number)
        self._must_be_there(digest(number))

    def put_tree(self, number: int) -> None:
        folder = self.work / f"{os.getpid()}-tree-{number}"
        folder.mkdir(exist_ok=True)
        for member in range(number, number + 3):
            (folder / str(member)).unlink(missing_ok=True)
            (folder / str(member)).write_bytes(content(member))
        tree = self.cache.put(folder)
        self._must_be_there(tree)
        self.cache.restore(tree, folder)
        assert self.cache.digest_of(folder) == tree

    def put_many(self, number: int) -> None:
        paths = [self.work / f"{os.getpid()}-many-{member}" for member in range(number, number + 12)]
        for member, path in enumerate(paths, number):
            path.unlink(missing_ok=True)
            path.write_bytes(content(member))
        names = self.cache.put_many([*paths, *paths[:2]])
        assert names == [digest(member) for member in [*range(number, number + 12), number, number + 1]]
        for name in names:
            self._must_be_there(name)

    def restore_many(self, number: int) -> None:
        pairs = [(digest(member), self.work / f"{os.getpid()}-back-{member}") for member in range(number, number + 5)]
        try:
            self.cache.restore_many(pairs, link=(Link.COPY,))
        except (MissingError, ChangedError):
            return
        for member, (_, path) in enumerate(pairs, number):
            assert path.read_bytes() == content(member)

    def restore(self, number: int) -> None:
        path = self.work / f"{os.getpid()}-{number}"
        self.cache.restore(digest(number), path, link=(self.chance.choice(list(Link)),))
        self._must_be_there(digest(number))
        try:
            data = path.read_bytes()
            assert self.cache.digest_of(path) == hash_bytes(data) or self._is_link(path)
        except FileNotFoundError:
            data = b""
        assert data == content(number) or self._is_link(path)

    def read(self, number: int) -> None:
        assert self.cache.get_bytes(digest(number)) == content(number)
        self._must_be_there(digest(number))

    def remember(self, number: int) -> None:
        self.cache.remember(str(number), {"is": digest(number)})
        assert self.cache.recall(str(number)) == {"is": digest(number)}

    def collect(self, number: int) -> None:
        self.cache.gc([digest(number)], grace=0.0, keep_quarantine=self.chance.choice([0.0, 1e9]))

    def verify(self, number: int) -> None:
        assert self.cache.verify().damaged == () or not self.alone

    def flush(self, number: int) -> None:
        self.cache.flush()

    def reopen(self, number: int) -> None:
        self.cache.close()

    def _is_link(self, path: Path) -> bool:
        # An edit of the object shows through a link to it, and so does its way to quarantine; a copy shows neither.
        return not self.alone and (path.is_symlink() or path.stat().st_nlink > 1)

    def _must_be_there(self, name: str) -> None:
        assert self.cache.has(name) or not self.alone, f"{name} was claimed and is gone"


_WEIGHTED: dict[Callable[[User, int], None], int] = {
    User.put_bytes: 20, User.put_file: 20, User.put_tree: 10, User.restore: 25, User.read: 10, User.remember: 10,
    User.put_many: 5, User.restore_many: 5, User.collect: 3, User.verify: 1, User.flush: 5, User.reopen: 3,
}  # fmt: skip
_STEPS, _WEIGHTS = list(_WEIGHTED), list(_WEIGHTED.values())


def use(root: Path, work: Path, seed: int) -> None:
    """Do one thing after the other until killed."""
    with Cache(root, map_size=MAP) as cache:
        user = User(cache, work, random.Random(seed))
        while True:
            user.step()


def vandalise(root: Path, chance: random.Random) -> None:
    """Edit an object in place, as a tool does that was given a hard link."""
    objects = [path for path in (root / "objects").rglob("*") if path.is_file()]
    if objects:
        path = chance.choice(objects)
        path.chmod(0o644)
        with path.open("ab" if chance.random() < 0.5 else "r+b") as file:
            file.write(b"vandal")


def check(root: Path, work: Path) -> int:
    """Open the store that killed processes left and raise if a promise is broken; gives how many bytes were served."""
    with Cache(root, map_size=MAP) as cache:
        cache.put_bytes(b"alive")
        assert os.listdir(root / "tmp") == []
        assert [path for path in work.rglob("*") if ".pivot-" in path.name] == []
        assert len(os.listdir(root / "leases")) == 1
        served = sum(served_right(cache, number) for number in range(NUMBERS))
        cache.verify()
        assert cache.verify().damaged == ()
        for name in list(cache.digests()):
            assert not name.startswith("b3:") or hash_bytes(cache.get_bytes(name)) == name
    for aside in (root / "quarantine").glob("b3-*"):
        assert not aside.is_file() or hash_bytes(aside.read_bytes())[3:] != aside.name[3:67]
    return served


def served_right(cache: Cache, number: int) -> int:
    """Give how many bytes the store has of one content, all of them right."""
    assert cache.recall(str(number)) in (None, {"is": digest(number)})
    try:
        assert cache.get_bytes(digest(number)) == content(number)
    except MissingError:
        return 0
    with cache.open(digest(number)) as file:
        assert file.read() == content(number)
    return len(content(number))


class Score(NamedTuple):
    """What came of some kills; wrong bytes, failed opens and litter are errors and not counted."""

    kills: int = 0
    looks: int = 0
    served: int = 0
    """Bytes."""
    edits: int = 0


def soak(place: Path, kills: int, seed: int) -> Score:
    """Kill processes at random instants, alone or beside others; look at the store after each few."""
    chance = random.Random(seed)
    for number in range(NUMBERS):
        digest(number)  # made once, for all children
    root, score = place / "store", Score()
    while score.kills < kills:
        work = place / "work"
        work.mkdir()
        count = min(chance.randint(1, 3), kills - score.kills)
        children = [_start(root, work, chance.random()) for _ in range(count)]
        edits = sum(_end(child, root, chance) for child in children)
        served = in_child(lambda work=work: check(root, work))
        shutil.rmtree(work)
        score = Score(score.kills + count, score.looks + 1, score.served + served, score.edits + edits)
    return score


def _start(root: Path, work: Path, seed: float) -> Child:
    return fork(lambda: use(root, work, hash(seed)))


def _end(child: Child, root: Path, chance: random.Random) -> int:
    time.sleep(chance.uniform(0, _LIFE))
    edit = chance.random() < 0.3 and root.exists()
    if edit:
        with contextlib.suppress(FileNotFoundError):
            vandalise(root, chance)
    kill(child)
    return edit


if __name__ == "__main__":
    logging.disable()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as top:
        final = soak(Path(top), int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    print(f"{final.kills} kills, {final.looks} looks, {final.edits} edits in place, "
          f"{final.served / 1e6:.0f} MB served right; 0 wrong bytes, 0 failed opens, 0 litter; "
          f"{time.monotonic() - started:.0f} s")  # fmt: skip
