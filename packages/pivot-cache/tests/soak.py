"""A process that uses a store without end, to be killed at any instant; and the look at what it left.

Run as a program with `<store> <work folder> <seed>`; each finished step is a dot on stdout.
"""

import os
import random
import sys
from pathlib import Path

from pivot.cache import Cache, Link, MissingError, hash_bytes

SIZES = (0, 1, 100, 5000, 300_000, 1_500_000)


def content(number: int) -> bytes:
    """Give bytes that follow from a number, so that whoever finds them can tell whether they are right."""
    return random.Random(number).randbytes(SIZES[number % len(SIZES)])


def use(root: Path, work: Path, seed: int) -> None:
    """Put, restore and remember until killed."""
    chance = random.Random(seed)
    with Cache(root, map_size=1 << 20) as cache:
        while True:
            step(cache, work, chance)
            os.write(1, b".")


def step(cache: Cache, work: Path, chance: random.Random) -> None:
    """Do one thing; what it reads is checked."""
    number = chance.randrange(60)
    data = content(number)
    path = work / f"{os.getpid()}-{number}"
    what = chance.randrange(7)
    if what == 0:
        assert cache.put_bytes(data) == hash_bytes(data)
    elif what == 1:
        path.unlink(missing_ok=True)
        path.write_bytes(data)
        assert cache.put(path) == hash_bytes(data)
    elif what == 2:
        put_tree(cache, work / f"{os.getpid()}-tree-{number}", number)
    elif what in (3, 4):
        restore(cache, path, data, chance.choice(list(Link)))
    elif what == 5:
        cache.remember(str(number), {"is": data.hex()})
        assert cache.recall(str(number)) == {"is": data.hex()}
    else:
        cache.flush()


def put_tree(cache: Cache, folder: Path, number: int) -> None:
    """Store a directory, restore it over itself, and look at it again."""
    folder.mkdir(exist_ok=True)
    for member in range(number, number + 3):
        (folder / str(member)).unlink(missing_ok=True)
        (folder / str(member)).write_bytes(content(member))
    digest = cache.put(folder)
    try:
        cache.restore(digest, folder)
    except MissingError:
        return
    assert cache.digest_of(folder) == digest


def restore(cache: Cache, path: Path, data: bytes, mode: Link) -> None:
    """Restore a file, which may be missing but never wrong."""
    try:
        cache.restore(hash_bytes(data), path, link=(mode,))
    except MissingError:
        return
    assert cache.digest_of(path) == hash_bytes(data)
    assert path.read_bytes() == data


def vandalise(root: Path, chance: random.Random) -> None:
    """Edit an object in place, as a tool does that was given a hard link."""
    objects = [path for path in (root / "objects").rglob("*") if path.is_file()]
    if objects:
        path = chance.choice(objects)
        path.chmod(0o644)
        with path.open("ab") as file:
            file.write(b"vandal")


def check(root: Path, work: Path) -> int:
    """Open the store that a killed process left and raise if a promise is broken; gives how many bytes were served."""
    served = 0
    with Cache(root, map_size=1 << 20) as cache:
        cache.put_bytes(b"alive")
        assert os.listdir(root / "tmp") == []
        assert [path for path in work.iterdir() if ".pivot-" in path.name] == []
        for number in range(60):
            served += served_right(cache, number)
        cache.verify()
        assert cache.verify().damaged == ()
        for digest in list(cache.digests()):
            assert not digest.startswith("b3:") or hash_bytes(cache.get_bytes(digest)) == digest
    return served


def served_right(cache: Cache, number: int) -> int:
    """Give how many bytes the store has of one content, all of them right."""
    data = content(number)
    record = cache.recall(str(number))
    assert record in (None, {"is": data.hex()})
    try:
        assert cache.get_bytes(hash_bytes(data)) == data
    except MissingError:
        return 0
    return len(data)


if __name__ == "__main__":
    use(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
