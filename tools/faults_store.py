"""Cause faults in a store by the thousand, and print how many were wrong.

    uv run tools/faults_store.py kills --count 20000      processes killed at any instant
    uv run tools/faults_store.py hammer --seconds 600     16 processes at once
    uv run tools/faults_store.py power --count 100000     power cuts, by a model of a disk (for each policy)
    uv run tools/faults_store.py garbage                  garbage in each file and folder
    uv run tools/faults_store.py full                     a disk of each size, a limit of each size
    uv run tools/faults_store.py errors --count 2000      system calls that fail (needs strace)
    uv run tools/faults_store.py links                    other disks, no hard links, shared blocks, too many links
    uv run tools/faults_store.py images --count 200       copies of a disk at work, as a power cut leaves it
    uv run tools/faults_store.py model --count 2000       stories of 25 steps, the store beside a model of it

The machinery is that of the tests, in `packages/pivot-cache/tests/faults_*.py`; CI runs it at smaller sizes. What a
machine does not allow (to mount without root, a file system that the kernel lacks) is said and left out. Exits with 1
if anything was wrong.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "packages" / "pivot-cache" / "tests"))

import faults_children as children  # noqa: E402
import faults_errors as errors  # noqa: E402
import faults_full as full  # noqa: E402
import faults_garbage as garbage  # noqa: E402
import faults_hammer as hammer  # noqa: E402
import faults_images as images  # noqa: E402
import faults_places as places  # noqa: E402
import faults_powerloss as powerloss  # noqa: E402
import faults_soak as soak  # noqa: E402

_STORIES = 100
"""Told by one process: hypothesis keeps what it has drawn, 4 MB a story."""

Lines = Iterator[tuple[str, Sequence[str]]]
"""A figure, and what was wrong with it."""


def kills(place: Path, options: argparse.Namespace) -> Lines:
    done = soak.soak(place, options.count or 20_000, options.seed)
    yield f"{done.kills} kills, {done.looks} looks, {done.edits} edits in place, {done.served >> 20} MiB served", ()


def at_once(place: Path, options: argparse.Namespace) -> Lines:
    for vandal in (False, True):
        top = place / str(vandal)
        top.mkdir()
        done = hammer.hammer(top, options.processes, seconds=options.seconds / 2, vandal=vandal)
        beside = "beside one who edits objects" if vandal else "alone"
        yield f"{options.processes} processes {beside}, {done.steps} steps, the slowest took {done.slowest:.1f} s", ()


def power(place: Path, options: argparse.Namespace) -> Lines:
    for policy in powerloss.POLICIES:
        top = place / policy
        top.mkdir()
        done = powerloss.play(top, policy, options.count or 100_000, options.seed)
        yield f"{policy}: {done}", done.broken


def rubbish(_place: Path, _options: argparse.Namespace) -> Lines:
    wrong, healed, cases = [], 0, garbage.cases()
    for label, damage in cases:
        try:
            outcome = children.in_child(lambda label=label, damage=damage: garbage.suffer(label, damage))
            healed += not outcome.later
        except children.ChildFailedError as error:
            wrong.append(f"{label}, {damage}: {error}")
    yield f"{len(cases)} kinds of garbage, {healed} heal, {len(cases) - healed} are one clear error", wrong


def no_room(place: Path, options: argparse.Namespace) -> Lines:
    sizes = range(4, options.most, 4)
    for where in ("store", "work tree"):
        done = full.sweep_disk(place, sizes, where="store" if where == "store" else "work")
        yield f"{where} on a disk of {done.sizes} sizes, {done.refused} calls refused", done.wrong
    done = full.sweep_limit(place, range(0, options.most, 4))
    yield f"files of at most {done.sizes} sizes, {done.refused} calls refused", done.wrong


def failing(place: Path, options: argparse.Namespace) -> Lines:
    if not errors.is_here():
        yield "no strace here, or it may not trace: nothing was tried", ()
        return
    counts = Counter(call for call, _ in errors.calls(place))
    done = errors.inject(place, list(errors.chosen(counts, options.count or 2000)))
    yield (
        f"{done.sizes} failing calls ({counts.total()} calls of {len(counts)} kinds), {done.refused} refused",
        done.wrong,
    )


def elsewhere(place: Path, _options: argparse.Namespace) -> Lines:
    yield from places.everywhere(place)


def cut_off(place: Path, options: argparse.Namespace) -> Lines:
    for policy in images.POLICIES:
        top = place / policy
        top.mkdir()
        yield images.figure(top, policy, options.count or 200)


def modelled(_place: Path, options: argparse.Namespace) -> Lines:
    import faults_model as model
    from hypothesis.stateful import run_state_machine_as_test

    def tell(stories: int) -> None:
        chosen = model.at_size(stories * model.STEPS_OF_A_STORY)
        run_state_machine_as_test(model.StoreMachine, settings=chosen)

    total = options.count or 2000
    for begun in range(0, total, _STORIES):
        stories = min(_STORIES, total - begun)
        told: Sequence[str] = ()
        try:
            children.in_child(lambda stories=stories: tell(stories), deadline=7200)
        except children.ChildFailedError as error:
            told = [str(error)]
        yield f"{begun + stories} stories of {model.STEPS_OF_A_STORY} steps beside a model", told


KINDS: dict[str, Callable[[Path, argparse.Namespace], Lines]] = {
    "kills": kills, "hammer": at_once, "power": power, "garbage": rubbish, "full": no_room, "errors": failing,
    "links": elsewhere, "images": cut_off, "model": modelled,
}  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Cause faults in a store, and print how many were wrong.")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument(
        "--count", type=int, help="how many kills, states (each policy), failing calls, images or stories"
    )
    parser.add_argument("--seconds", type=float, default=600, help="how long (hammer)")
    parser.add_argument("--processes", type=int, default=16, help="how many at once (hammer)")
    parser.add_argument("--most", type=int, default=1600, help="the largest size in KiB (full)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where to do it (default: a temporary folder)")
    options = parser.parse_args(arguments)
    logging.disable()
    bad = 0
    with tempfile.TemporaryDirectory(dir=options.folder) as top:
        started = time.monotonic()
        try:
            for figure, wrong in KINDS[options.kind](Path(top), options):
                print(
                    f"{figure}: {len(wrong)} wrong ({time.monotonic() - started:.0f} s)", *wrong, sep="\n  ", flush=True
                )
                bad += len(wrong)
        except full.CannotMountError as error:
            print(f"left out, because this cannot be mounted here: {error}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
