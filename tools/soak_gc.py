"""Collect garbage beside processes that store, claim and name: `uv run python tools/soak_gc.py [SECONDS] [PROCESSES]`.

Each process has a checkout of its own. Over and over it stores a few contents out of a small common set, so that many
are old objects that nobody names just then, writes a lock file that names them, ends its lease, and looks whether all
that its lock file names is there with the right bytes. Meanwhile two others collect without any grace. Prints figures;
what is missing must be 0. Not part of CI: what it looks for takes minutes to happen.
"""

import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from pivot.cache import BusyError, Cache, MissingError, hash_bytes

CONTENTS = 60
COLLECTORS = 2
LOCKS = "stages"


class Score(NamedTuple):
    """What one process did and found."""

    written: int = 0
    """Lock files."""
    looked: int = 0
    """Objects that a lock file named."""
    missing: int = 0
    wrong: int = 0
    collections: int = 0
    removed: int = 0


def content(number: int) -> bytes:
    """Give bytes that follow from a number, so that whoever reads them can tell whether they are right."""
    return random.Random(number).randbytes(50 + number * 37)


def use(store: Path, checkout: Path, seconds: float, seed: int) -> Score:
    """Store, name, let go, look."""
    chance, end, score = random.Random(seed), time.monotonic() + seconds, Score()
    (checkout / LOCKS).mkdir(parents=True)
    with Cache(store) as cache:
        cache.register(checkout, [f"{LOCKS}/*.lock"])
    while time.monotonic() < end:
        numbers = chance.sample(range(CONTENTS), chance.randint(1, 4))
        with Cache(store) as cache:
            outs = {str(number): [put(cache, checkout, number, chance), 1] for number in numbers}
            write_lock(checkout, outs)
        looked, missing, wrong = look(store, outs)
        score = Score(score.written + 1, score.looked + looked, score.missing + missing, score.wrong + wrong)
    return score


def put(cache: Cache, checkout: Path, number: int, chance: random.Random) -> str:
    """Store a content, as bytes, or in a directory that is a tree then."""
    if chance.random() < 0.7:
        return cache.put_bytes(content(number))
    folder = checkout / f"work-{number}"
    folder.mkdir(exist_ok=True)
    for member in (number, (number + 1) % CONTENTS):
        (folder / str(member)).write_bytes(content(member))
    return cache.put(folder)


def write_lock(checkout: Path, outs: dict[str, list[object]]) -> None:
    """Name what was stored; what was named before is garbage from now on."""
    temporary = checkout / LOCKS / ".s.tmp"
    temporary.write_text(json.dumps({"outs": outs}))
    temporary.rename(checkout / LOCKS / "s.lock")


def look(store: Path, outs: dict[str, list[object]]) -> tuple[int, int, int]:
    """Read everything that a lock file names, with a cache that has claimed nothing of it yet."""
    looked = missing = wrong = 0
    with Cache(store) as cache:
        for digest in (str(digest) for digest, _ in outs.values()):
            looked += 1
            try:
                files = [entry.digest for entry in cache.tree(digest).files] if digest.startswith("b3t:") else [digest]
                wrong += sum(hash_bytes(cache.get_bytes(each)) != each for each in files)
            except MissingError:
                missing += 1
    return looked, missing, wrong


def collect(store: Path, seconds: float) -> Score:
    """Delete what nothing names, again and again."""
    end, collections, removed = time.monotonic() + seconds, 0, 0
    with Cache(store) as cache:
        while time.monotonic() < end:
            with contextlib.suppress(BusyError):
                removed += len(cache.gc(grace=0.0, keep_records=-1.0).removed)
                collections += 1
    return Score(collections=collections, removed=removed)


def soak(seconds: float, processes: int) -> Score:
    """Run all of it at once, and add up."""
    with tempfile.TemporaryDirectory() as top:
        store = Path(top, "store")
        Cache(store).close()
        roles = [("use", str(Path(top, f"checkout-{number}"))) for number in range(processes)]
        roles += [("collect", "")] * COLLECTORS
        children = [
            subprocess.Popen(
                [sys.executable, __file__, role, str(store), checkout, str(seconds), str(number)],
                stdout=subprocess.PIPE,
            )
            for number, (role, checkout) in enumerate(roles)
        ]
        scores = [Score(*json.loads(child.communicate()[0])) for child in children]
        named = list(Path(top).glob(f"*/{LOCKS}/s.lock"))
        left = [look(store, json.loads(path.read_text())["outs"]) for path in named]
    total = Score(*map(sum, zip(*scores, strict=True)))
    return total._replace(missing=total.missing + sum(each[1] for each in left))


def main(words: list[str]) -> int:
    """Be one of the processes, or start them all."""
    if words and words[0] in ("use", "collect"):
        role, store, checkout, duration, seed = words
        if role == "use":
            score = use(Path(store), Path(checkout), float(duration), int(seed))
        else:
            score = collect(Path(store), float(duration))
        print(json.dumps(score))
        return 0
    seconds, processes = float(words[0]) if words else 30.0, int(words[1]) if len(words) > 1 else 8
    total = soak(seconds, processes)
    print(
        f"{processes} processes and {COLLECTORS} collectors for {seconds:g} s on {os.cpu_count()} processors: "
        f"{total.written:,} lock files written, {total.looked:,} objects looked at; "
        f"{total.collections:,} collections removed {total.removed:,} objects; "
        f"{total.missing} missing that a lock file names, {total.wrong} with wrong bytes"
    )
    return 1 if total.missing or total.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
