"""No space left, at every size of the disk: for the store, for a state directory, for the work tree.

Afterwards there is space again, and the next run must end well without running again what had been finished.
"""

import argparse
import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from faults_world import Ended, World, cpu, inline, world

PLACES = (".pivot/cache", ".pivot", "q", ".")
"""Directories that lie on the small disk, relative to the project."""
_STEP, _MOST = 16, 640
"""KiB; a project needs less."""


def suffer(made: World, place: str, kibibytes: int) -> tuple[Ended, list[str]]:
    """Run where a directory has so much room, then with room; give how it ended, and what is wrong."""
    made.build()
    disk = made.root / place
    disk.mkdir(parents=True, exist_ok=True)
    with _mounted(disk, kibibytes):
        try:
            made.build_in_place()
        except OSError:
            return Ended(2, "", "not even the project fits"), []
        ended = made.pivot("run", "--all", "-k", "--json", first=inline)
        finished = _ran(ended)
        wrong = list(_ill_said(ended))
        _resize(disk, "64m")
        again = made.pivot("run", "--all", "--json", first=inline)
        repeated = finished & _ran(again)
        told = [f"the next run ends with {again.code}: {again.err}"] if again.code else []
        return ended, [*wrong, *told, *(f"{name} ran again" for name in repeated), *made.recover()]


def _ran(ended: Ended) -> set[str]:
    events = (json.loads(line) for line in ended.out.splitlines() if line.startswith("{") and line.endswith("}"))
    return {event["stage"] for event in events if event["event"] == "stage_finished" and event["status"] == "ran"}


def _ill_said(ended: Ended) -> Iterator[str]:
    if not 0 <= ended.code <= 5 or "Traceback" in ended.err or "internal error" in ended.err:
        yield f"it ended with {ended.code}: {ended.err}"


@contextmanager
def _mounted(place: Path, kibibytes: int) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "none", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def _resize(place: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(place)], check=True)


def main(arguments: Sequence[str]) -> int:
    """Run at every size, and print what was found."""
    parser = argparse.ArgumentParser(prog="faults_engine.py space", description=__doc__)
    parser.add_argument("--step", type=int, default=_STEP, metavar="KIB")
    parser.add_argument("--place", choices=PLACES, action="append")
    parser.add_argument("--all", action="store_true", help="print how each run ended")
    options = parser.parse_args(arguments)
    bad = 0
    for place in options.place or PLACES:
        bad += _sweep(place, options.step, show=options.all)
    return 1 if bad else 0


def _sweep(place: str, step: int, *, show: bool) -> int:
    sizes = bad = full = 0
    with world() as made, cpu() as seconds:
        for kibibytes in range(step, _MOST, step):
            ended, wrong = suffer(made, place, kibibytes)
            sizes, full, bad = sizes + 1, full + (ended.code != 0), bad + bool(wrong)
            if show:
                print(f"  {place} of {kibibytes} KiB: {ended.code} {ended.err[-200:]!r}", flush=True)
            for line in wrong:
                print(f"  {place} of {kibibytes} KiB: {line}", flush=True)
    print(f"{place}: {sizes} sizes, {full} too small, {bad} with faults, {seconds():.0f} CPU s", flush=True)
    return bad
