"""Power cuts at every point of what a store really did, the states they may leave, and the real reader on those.

As a program: `faults_powerloss.py <states for each policy> [seed]` prints what came of them.
"""

import logging
import os
import pickle
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from faults_children import in_child, quick_folder
from faults_disk import Disk, Inodes, State, materialise
from faults_recorder import Op, Recorder, Said, Synced, pretend

from pivot.cache import Cache, Link, MissingError, hash_bytes

POLICIES = ("batch", "strict", "off")
MAP = 64 << 10
_BATCH = 100
"""States that one child looks at."""
_OFTEN = 10
"""Power cuts after a call that returned, for one within it."""

_SIZES = {"A": 10, "B": 5000, "C": 9000, "D": 1, "E": 70, "F": 4096, "G": 3, "H": 20, "M": 300, "L": 1_150_000}
BLOBS = {name: name.encode() * size for name, size in _SIZES.items()}
FOLDER = {"x": b"x" * 50, "y": b"y" * 5000, "sub/z": b""}
CONTENTS = {hash_bytes(data): data for data in [*BLOBS.values(), *FOLDER.values()]}


class Cut(NamedTuple):
    """What a power cut has left, and what must be there all the same."""

    state: State
    durable: frozenset[tuple[str, str]]


class User:
    """A process that uses a store, and says what it was told."""

    def __init__(self, recorder: Recorder, work: Path, policy: str) -> None:
        self.said, self.root, self.work, self.strict = recorder.said, recorder.root, work, policy == "strict"
        self.cache = Cache(recorder.root, durability=policy, map_size=MAP)

    def put(self, name: str) -> None:
        digest = self.cache.put_bytes(BLOBS[name])
        self.said("object", digest, durable=self.strict)

    def put_file(self, name: str, *, durable: bool = False) -> None:
        (self.work / name).unlink(missing_ok=True)
        (self.work / name).write_bytes(BLOBS[name])
        digest = self.cache.put(self.work / name, durable=durable)
        self.said("object", digest, durable=durable or self.strict)

    def put_folder(self) -> None:
        for name, data in FOLDER.items():
            (self.work / "d" / name).parent.mkdir(parents=True, exist_ok=True)
            (self.work / "d" / name).write_bytes(data)
        self.said("object", self.cache.put(self.work / "d"), durable=self.strict)

    def remember(self, key: str) -> None:
        self.cache.remember(key, {"is": key})
        self.said("record", key, durable=self.strict)

    def sync(self) -> None:
        self.cache.sync()
        self.said("sync")

    def damage(self, name: str) -> None:
        digest = hash_bytes(BLOBS[name])
        self.said("gone", digest)
        path = f"{self.root}/objects/{digest[3:5]}/{digest[5:]}"
        os.chmod(path, 0o644)
        with open(path, "ab") as file:
            file.write(b"vandal")
        os.utime(path)


def _first(user: User) -> None:
    user.put("A")
    user.put_file("B")
    user.put_file("L")
    user.put_folder()
    user.remember("r1")
    user.cache.flush()
    user.sync()
    user.put("C")
    user.remember("r2")
    user.put_file("D", durable=True)
    user.cache.close()


def _second(user: User) -> None:
    user.put("A")
    user.cache.restore(hash_bytes(BLOBS["B"]), user.work / "b", link=(Link.HARDLINK,))
    user.put("E")
    user.put("C")
    user.put_file("M", durable=True)


def _third(user: User) -> None:
    user.said("gone", hash_bytes(BLOBS["C"]))
    user.said("gone", hash_bytes(BLOBS["E"]))
    kept = [hash_bytes(BLOBS[name]) for name in BLOBS if name not in "CE"]
    user.cache.gc([*kept, user.cache.digest_of(user.work / "d")], grace=-3600.0)
    user.said("forgotten", "r2")
    user.cache.forget("r2")
    user.put("C")


def _fourth(user: User) -> None:
    user.damage("A")
    user.put("A")
    user.put("F")
    user.remember("r3")


def _fifth(user: User) -> None:
    for name in "ABF":
        user.cache.has(hash_bytes(BLOBS[name]))
    user.cache.flush()
    user.put("G")
    user.put("E")
    user.remember("r2")
    user.cache.close()


def _other(user: User) -> None:
    user.put("M")
    user.put("H")


def record(place: Path, policy: str) -> list[Op]:
    """Let processes use a store, two of them killed and two of another boot, and give all that they did to the disk."""
    recorder = Recorder(str(place / "store"))
    (place / "work").mkdir()
    for segment, chosen, boot in (
        (_other, "batch", 1), (_first, policy, 1), (_second, policy, 1), (_third, policy, 1),
        (None, policy, 2), (_fourth, policy, 2), (_fifth, policy, 2),
    ):  # fmt: skip
        if segment is None:
            recorder.ops += [Synced(None), Said("sync")]  # an orderly shutdown
            continue

        def run(segment=segment, chosen=chosen, boot=boot, recorder=recorder):
            recorder.record(lambda it: segment(User(it, place / "work", chosen)), bytes([boot]) * 16)
            return pickle.dumps(recorder)  # and killed: what was not closed is lost

        recorder = pickle.loads(in_child(run))
    return recorder.ops


def cuts(ops: list[Op], chance: random.Random, each: float) -> Iterator[Cut]:
    """Follow the operations; at each point give some states that a power cut may leave."""
    disk, told, durable = Disk(), set(), set()
    for op in ops:
        disk.apply(op)
        if isinstance(op, Said):
            _promised(op, told, durable)
        # A call that returned has done what it does, and the least of it is on the disk.
        often = each * _OFTEN if isinstance(op, Said) else each
        count = int(often) + (chance.random() < often % 1)
        for _ in range(count):
            yield Cut(disk.left(chance), frozenset(durable))


def _promised(op: Said, told: set[tuple[str, str]], durable: set[tuple[str, str]]) -> None:
    fact = "record" if op.what == "forgotten" else "object" if op.what == "gone" else op.what, op.about
    if op.what == "sync":
        durable |= told
    elif op.what in ("gone", "forgotten"):
        told.discard(fact)
        durable.discard(fact)
    else:
        told.add(fact)
        if op.durable:
            durable.add(fact)


def look(root: str, policy: str, durable: frozenset[tuple[str, str]]) -> None:
    """Use what a power cut has left; raise if a promise is broken."""
    with Cache(root, durability=policy, map_size=MAP) as cache:
        for digest, data in CONTENTS.items():
            try:
                with cache.open(digest) as file:
                    assert file.read() == data, f"wrong bytes of {digest}"
            except MissingError:
                assert ("object", digest) not in durable, f"lost {digest}"
        for kind, name in durable:
            if kind == "record":
                assert cache.recall(name) is not None, f"lost record {name}"
            else:
                assert cache.has(name), f"lost {name}"
        for key in ("r1", "r2", "r3"):
            assert cache.recall(key) in (None, {"is": key})
            cache.remember(key, {"is": key})
            assert cache.recall(key) == {"is": key}
        for digest in (hash_bytes(BLOBS["A"]), hash_bytes(BLOBS["G"])):
            assert cache.put_bytes(CONTENTS[digest]) == digest
            assert cache.get_bytes(digest) == CONTENTS[digest]


class Score(NamedTuple):
    """What came of the states."""

    operations: int
    states: int
    broken: tuple[str, ...]
    """What was wrong with the first few of the bad ones."""


def play(place: Path, policy: str, states: int, seed: int) -> Score:
    """Record, cut the power about that often, and look."""
    ops = record(place, policy)
    chance, done, broken = random.Random(seed), 0, []
    batch: list[Cut] = []
    points = sum(_OFTEN if isinstance(op, Said) else 1 for op in ops)
    for cut in cuts(ops, chance, states / points):
        batch.append(cut)
        if len(batch) == _BATCH:
            done, broken, batch = done + len(batch), broken + _looked(batch, place, policy), []
    broken += _looked(batch, place, policy)
    return Score(len(ops), done + len(batch), tuple(sorted(set(broken))[:12]))


def _looked(batch: list[Cut], place: Path, policy: str) -> list[str]:
    top = tempfile.mkdtemp(dir=quick_folder() or place)
    try:
        return in_child(lambda: _look_at(batch, top, policy), deadline=120)
    finally:
        shutil.rmtree(top, ignore_errors=True)


def _look_at(batch: list[Cut], top: str, policy: str) -> list[str]:
    logging.disable()
    pretend("boot_id", lambda *_: b"3" * 16)
    inodes, broken = Inodes(), []
    inodes.show()
    for number, cut in enumerate(batch):
        root = f"{top}/{number}"
        materialise(cut.state, root, inodes)
        try:
            look(root, policy, cut.durable)
        except Exception as error:  # noqa: BLE001 - listed
            broken.append(f"{type(error).__name__}: {error}".replace(root, "STORE"))
        shutil.rmtree(root)
    return broken


if __name__ == "__main__":
    for policy in POLICIES:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            score = play(Path(folder), policy, int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
        took = f"{time.monotonic() - started:.0f} s"
        print(f"{policy}: {score.states} states of {score.operations} operations,", len(score.broken), "broken,", took)
        print(*(f"  {text}\n" for text in score.broken), end="")
