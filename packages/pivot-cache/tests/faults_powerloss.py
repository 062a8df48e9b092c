"""Power cuts at every point of what a store really did, the states they may leave, and the real reader on those.

As a program: `faults_powerloss.py <states for each policy> [seed]` prints what came of them.
"""

import logging
import os
import pickle
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from faults_children import in_child, quick_folder
from faults_disk import Disk, Inodes, State, materialise
from faults_parts import WHOLE, Fact, Parts, parts
from faults_recorder import Op, Recorder, Said, Synced, pretend

from pivot.cache import Cache, Link, MissingError, hash_bytes

POLICIES = ("batch", "strict", "off")
MAP = 64 << 10
_BATCH = 100
"""States that one child looks at."""
_MOST = 5000
"""States that are kept in memory."""
_OFTEN = 10
"""Power cuts after a call that returned, for one within it."""

CHUNK = 16 << 10
"""What is larger is stored as a large file is; the real bound would have each state write and read a megabyte."""

KEYS = ("r23", "r51", "r67")
"""Of records that lie in one file."""

_SIZES = {"A": 10, "B": 5000, "C": 9000, "D": 1, "E": 70, "F": 4096, "G": 3, "H": 20, "M": 300, "L": 40_000}
BLOBS = {name: name.encode() * size for name, size in _SIZES.items()}
FOLDER = {"x": b"x" * 50, "y": b"y" * 5000, "sub/z": b""}
CONTENTS = {hash_bytes(data): data for data in [*BLOBS.values(), *FOLDER.values()]}


class Cut(NamedTuple):
    """What a power cut has left, and what must be there all the same."""

    state: State
    durable: frozenset[Fact]


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
    user.remember(KEYS[0])
    user.cache.flush()
    user.sync()
    user.put("C")
    user.remember(KEYS[1])
    user.put_file("D", durable=True)
    user.cache.close()


def _second(user: User) -> None:
    user.put("A")
    user.cache.restore(hash_bytes(BLOBS["B"]), user.work / "b", link=(Link.HARDLINK,))
    user.put("E")
    user.put("C")
    user.put("H")
    user.put_file("M", durable=True)


def _third(user: User) -> None:
    user.said("gone", hash_bytes(BLOBS["C"]))
    user.said("gone", hash_bytes(BLOBS["E"]))
    kept = [hash_bytes(BLOBS[name]) for name in BLOBS if name not in "CE"]
    user.cache.gc([*kept, user.cache.digest_of(user.work / "d")], grace=-3600.0)
    user.said("forgotten", KEYS[1])
    user.cache.forget(KEYS[1])
    user.put("C")


def _fourth(user: User) -> None:
    user.damage("A")
    user.put("A")
    user.put("F")
    user.remember(KEYS[2])


def _fifth(user: User) -> None:
    for name in "ABF":
        user.cache.has(hash_bytes(BLOBS[name]))
    user.cache.flush()
    user.put("G")
    user.put("E")
    user.remember(KEYS[1])
    user.cache.close()


def _other(user: User) -> None:
    user.put("M")


def _beside(user: User) -> None:
    user.put("H")


def record(place: Path, policy: str) -> list[Op]:
    """Let processes use a store, two of them killed and two of another boot, and give all that they did to the disk."""
    recorder = Recorder(str(place / "store"))
    (place / "work").mkdir()
    for segment, chosen, boot in (
        (_other, "batch", 1), (_first, policy, 1), (_beside, "batch", 1), (_second, policy, 1), (_third, policy, 1),
        (None, policy, 2), (_fourth, policy, 2), (_fifth, policy, 2),
    ):  # fmt: skip
        if segment is None:
            recorder.ops += [Synced(None), Said("sync")]  # an orderly shutdown
            continue

        def run(segment=segment, chosen=chosen, boot=boot, recorder=recorder):
            pretend("CHUNK", CHUNK)
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


def _promised(op: Said, told: set[Fact], durable: set[Fact]) -> None:
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


def look(root: str, policy: str, facts: Iterable[Fact]) -> list[Fact]:
    """Use what a power cut has left, and give which of the facts still hold; raise for wrong bytes."""
    with Cache(root, durability=policy, map_size=MAP) as cache:
        holding = [fact for fact in facts if _holds(cache, *fact)]
        # Only now, or a tree would be found whole because we have put what it had lost.
        for kind, name in facts:
            if kind == "record":
                cache.remember(name, {"is": name})
                assert cache.recall(name) == {"is": name}
            elif name in CONTENTS:
                assert cache.put_bytes(CONTENTS[name]) == name
                assert cache.get_bytes(name) == CONTENTS[name]
        return holding


def _holds(cache: Cache, kind: str, name: str) -> bool:
    if kind == "record":
        found = cache.recall(name)
        assert found in (None, {"is": name})
        return found is not None
    return cache.has(name) if name not in CONTENTS else _is_right(cache, name)


def _is_right(cache: Cache, digest: str) -> bool:
    try:
        with cache.open(digest) as file:
            assert file.read() == CONTENTS[digest], f"wrong bytes of {digest}"
    except MissingError:
        return False
    return True


class Score(NamedTuple):
    """What came of the states."""

    operations: int
    states: int
    looks: int
    """States that were made and read; the others consist of what was seen in these."""
    broken: tuple[str, ...]
    """What was wrong with the first few of the bad ones."""

    def __str__(self) -> str:
        return f"{self.states} states of {self.operations} operations ({self.looks} made and read)"


class Judge:
    """Says whether states keep what was promised; asks the reader in batches, and only what it has not said yet.

    hear      what a power cut has left: remembered, and made when there are many
    settle    make, read, compare with what was promised
    """

    def __init__(self, place: Path, policy: str, ops: list[Op]) -> None:
        self._place, self._policy = place, policy
        said = {(op.what, op.about) for op in ops if isinstance(op, Said) and op.what in ("object", "record")}
        self._facts = sorted(said | {("object", digest) for digest in CONTENTS})
        folder = [hash_bytes(data) for data in FOLDER.values()]
        self._belonging = {name: folder for _, name in self._facts if name.startswith("b3t:")}
        self._holds: dict[tuple[Fact, int], bool | None] = {}
        self._seen: set[int] = set()
        self._heard: list[tuple[Cut, Parts]] = []
        self._asked: list[tuple[Cut, Parts, list[Fact]]] = []
        self.states = self.looks = 0
        self.broken: set[str] = set()

    def hear(self, cut: Cut) -> None:
        """Take a state to judge."""
        self.states += 1
        whole = self.states % WHOLE == 0
        apart = parts(cut.state, self._facts, self._belonging)
        new = [fact for fact in self._facts if whole or (fact, apart.asked[fact]) not in self._holds]
        if new or not apart.rest <= self._seen:
            self._asked.append((cut, apart, new))
        for fact in new:
            self._holds.setdefault((fact, apart.asked[fact]), None)
        self._seen |= apart.rest
        self._heard.append((cut, apart))
        if len(self._asked) == _BATCH or len(self._heard) == _MOST:
            self.settle()

    def settle(self) -> None:
        """Judge all that was heard."""
        answers = _looked([(cut.state, new) for cut, _, new in self._asked], self._place, self._policy)
        for (_, apart, new), answer in zip(self._asked, answers, strict=True):
            if isinstance(answer, str):
                self.broken.add(answer)
            else:
                self._learn({(fact, apart.asked[fact]): fact in answer for fact in new})
        for cut, apart in self._heard:
            self.broken |= {f"lost {fact}" for fact in cut.durable if self._holds[fact, apart.asked[fact]] is False}
        self.looks += len(self._asked)
        self._heard, self._asked = [], []

    def _learn(self, said: dict[tuple[Fact, int], bool]) -> None:
        for about, holds in said.items():
            if self._holds[about] not in (None, holds):
                self.broken.add(f"it matters what else there is: {about[0]}")
            self._holds[about] = holds


def play(place: Path, policy: str, states: int, seed: int) -> Score:
    """Record, cut the power about that often, and look."""
    ops = record(place, policy)
    judge = Judge(place, policy, ops)
    points = sum(_OFTEN if isinstance(op, Said) else 1 for op in ops)
    for cut in cuts(ops, random.Random(seed), states / points):
        judge.hear(cut)
    judge.settle()
    return Score(len(ops), judge.states, judge.looks, tuple(sorted(judge.broken)[:12]))


def _looked(batch: list[tuple[State, list[Fact]]], place: Path, policy: str) -> list[list[Fact] | str]:
    top = tempfile.mkdtemp(dir=quick_folder() or place)
    try:
        return in_child(lambda: _look_at(batch, top, policy), deadline=300)
    finally:
        subprocess.run(["rm", "-rf", top], check=False)  # a third of what `rmtree` costs


def _look_at(batch: list[tuple[State, list[Fact]]], top: str, policy: str) -> list[list[Fact] | str]:
    logging.disable()
    pretend("boot_id", lambda *_: b"3" * 16)
    pretend("CHUNK", CHUNK)
    inodes, answers = Inodes(), []
    inodes.show()
    for number, (state, facts) in enumerate(batch):
        root = f"{top}/{number}"
        materialise(state, root, inodes)
        try:
            answers.append(look(root, policy, facts))
        except Exception as error:  # noqa: BLE001 - listed
            answers.append(f"{type(error).__name__}: {error}".replace(root, "STORE"))
    return answers


if __name__ == "__main__":
    for policy in POLICIES:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            score = play(Path(folder), policy, int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
        took = f"{time.monotonic() - started:.0f} s"
        print(f"{policy}: {score},", len(score.broken), "broken,", took, flush=True)
        print(*(f"  {text}\n" for text in score.broken), end="")
