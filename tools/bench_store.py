"""Measure the store beside the bare work: ratios of CPU and wall time, medians of rounds that take turns.

    uv run tools/bench.py store                 everything (20,000 files, 1 GiB; needs about 20 GB of disk)
    uv run tools/bench.py store --only put      what has this word in its name
    uv run tools/bench.py store --files 2000 --mib 64 --rounds 3

Every round has new directories, and nothing is deleted before the end: ext4 looks through all inodes that were freed
in the last minutes before it gives one out, which makes each new file many times as expensive. For the same reason a
second run should wait for five minutes, or have a file system of its own (`TMPDIR`).
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from blake3 import blake3

from pivot.cache import Cache, Link

CHUNK = 1 << 20
SMALL = 2048


class Cost(NamedTuple):
    """Seconds."""

    cpu: float
    """Of this process, its threads and the processes that it waited for."""
    wall: float


class Case(NamedTuple):
    """Something the store does, and the same done without it."""

    what: str
    bare: str
    target: float | None
    """The ratio that the store should stay below."""
    work: Callable[[Path], object]
    """Both get a directory of their own, not there yet, on each call."""
    compare: Callable[[Path], object]


class Sizes(NamedTuple):
    """How much to do."""

    files: int
    mib: int


def cost_of(work: Callable[[Path], object], place: Path) -> Cost:
    """Do it once."""
    before, started = os.times(), time.perf_counter()
    work(place)
    after, ended = os.times(), time.perf_counter()
    return Cost(sum(after[:4]) - sum(before[:4]), ended - started)


def measured(case: Case, top: Path, rounds: int) -> str:
    """Give one line of the table."""
    pairs = []
    for number in range(rounds + 1):
        ours = cost_of(case.work, top / f"ours{number}")
        bare = cost_of(case.compare, top / f"bare{number}")
        pairs.append((ours, bare))
    del pairs[0]  # the first one imports, opens and warms
    ratios = [ours.cpu / bare.cpu for ours, bare in pairs]
    wall = statistics.median(ours.wall / bare.wall for ours, bare in pairs)
    ours_cpu, bare_cpu = (statistics.median(pair[at].cpu for pair in pairs) for at in (0, 1))
    cells = (
        case.what,
        case.bare,
        f"{statistics.median(ratios):.2f}",
        f"{min(ratios):.2f}-{max(ratios):.2f}",
        f"{wall:.2f}",
        "" if case.target is None else f"{case.target:.1f}",
        f"{ours_cpu:.2f}",
        f"{bare_cpu:.2f}",
    )
    return f"| {' | '.join(cells)} |"


def write_small(top: Path, count: int) -> Path:
    """Write a directory of small files that all differ."""
    for number in range(count):
        folder = top / f"{number % 50:02}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.bin").write_bytes(b"%08d" % number * (SMALL // 8))
    return top


def write_large(path: Path, mib: int) -> Path:
    """Write bytes that do not compress."""
    chance = random.Random(1)
    with path.open("wb") as file:
        for _ in range(mib):
            file.write(chance.randbytes(CHUNK))
    return path


def copy_and_hash(source: Path, target: Path) -> str:
    """Do the least that storing a large file is: read, hash, and write."""
    state, buffer = blake3(), bytearray(CHUNK)
    view = memoryview(buffer)
    with source.open("rb", buffering=0) as from_, target.open("wb", buffering=0) as to:
        while count := from_.readinto(buffer):
            state.update(view[:count])
            to.write(view[:count])
    return state.hexdigest()


def list_stats(top: Path) -> int:
    """Stat everything below a directory."""
    total = 0
    with os.scandir(top) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                total += list_stats(Path(entry.path))
            else:
                total += os.lstat(entry.path).st_size
    return total


def cp(source: Path) -> Callable[[Path], object]:
    """Copy a directory as people do."""
    return lambda place: subprocess.run(["cp", "-r", str(source), str(place)], check=True)


def storing(path: Path) -> Callable[[Path], object]:
    """Put into a new store."""

    def work(place: Path) -> None:
        with Cache(place) as cache:
            cache.put(path)

    return work


def storing_each(paths: list[Path]) -> Callable[[Path], object]:
    """Put one after another into a new store, as a worker does with the outputs of its stages."""

    def work(place: Path) -> None:
        with Cache(place) as cache:
            for path in paths:
                cache.store(path)

    return work


def storing_at_once(paths: list[Path]) -> Callable[[Path], object]:
    """Put all into a new store with one call."""

    def work(place: Path) -> None:
        with Cache(place) as cache:
            cache.put_many(paths)

    return work


def copying_each(paths: list[Path]) -> Callable[[Path], object]:
    """Copy one after another."""

    def work(place: Path) -> None:
        place.mkdir()
        for path in paths:
            shutil.copyfile(path, place / path.name)

    return work


def cases(top: Path, sizes: Sizes) -> Iterator[Case]:
    """Give what is measured; what a case needs is made when its turn comes."""
    small = write_small(top / "small", sizes.files)
    what = f"{sizes.files} x 2 KiB"
    paths = sorted(path for path in small.rglob("*.bin"))[:1000]
    yield Case("put 1,000 files of 2 KiB, each by itself", "copyfile", None, storing_each(paths), copying_each(paths))
    yield Case("put 1,000 files of 2 KiB at once", "copyfile", None, storing_at_once(paths), copying_each(paths))
    yield Case(f"put a directory of {what}", "cp -r", 2.0, storing(small), cp(small))
    yield Case(
        f"put a directory of {what}",
        "shutil.copytree",
        2.0,
        storing(small),
        lambda to: shutil.copytree(small, to),
    )
    with Cache(top / "store", link=(Link.COPY,)) as cache:
        digest = cache.put(small)
        yield Case(f"restore {what}", "cp -r", 2.0, lambda to: cache.restore(digest, to), cp(small))
        cache.measure(small)
        assert cache.measure(small).digest == digest
        yield Case(
            f"unchanged directory of {what}",
            "scandir, lstat",
            None,
            lambda _: cache.measure(small),
            lambda _: list_stats(small),
        )

        def edited(_: Path) -> None:
            paths[7].write_bytes(os.urandom(SMALL))
            cache.measure(small)

        yield Case(f"one changed file of {what}", "scandir, lstat", None, edited, lambda _: list_stats(small))
    large = write_large(top / "large", sizes.mib)
    yield Case(
        f"put a file of {sizes.mib} MiB", "copy + BLAKE3", 1.3, storing(large), lambda to: copy_and_hash(large, to)
    )
    with Cache(top / "store", link=(Link.COPY,)) as cache:
        name = cache.put(large)
        yield Case(
            f"restore a file of {sizes.mib} MiB",
            "copy + BLAKE3",
            1.3,
            lambda to: cache.restore(name, to),
            lambda to: copy_and_hash(large, to),
        )


def main() -> None:
    """Measure what was asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="a word in the name of what to measure")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print("| what | bare work | CPU ratio (median) | range | wall ratio | target | CPU s | bare CPU s |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="pivot-bench-") as directory:
        for at, case in enumerate(cases(Path(directory), Sizes(options.files, options.mib))):
            if options.only in case.what:
                (place := Path(directory, str(at))).mkdir()
                print(measured(case, place, options.rounds), flush=True)


if __name__ == "__main__":
    main()
