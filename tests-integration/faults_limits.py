"""Few open files, little memory, no more processes: a run works, or says in one line what is in the way."""

import argparse
import os
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from faults_world import Ended, World, cpu, program, world

_RUN = ("run", "--all", "-j", "2")
_NOBODY = 65534


class Limit(NamedTuple):
    """What there is no more of."""

    name: str
    kind: int
    least: int


_LEAST = {
    "open files": (resource.RLIMIT_NOFILE, (1024, 64, 40, 32, 28, 24, 20, 18, 16, 12)),
    "MiB of address space": (resource.RLIMIT_AS, (4096, 1024, 512, 256, 128)),
    "bytes in a file": (resource.RLIMIT_FSIZE, (1 << 20, 20_000, 4096, 1000)),
    "processes": (resource.RLIMIT_NPROC, (0, 2)),
}
LIMITS = tuple(Limit(name, kind, least) for name, (kind, several) in _LEAST.items() for least in several)


def is_possible(limit: Limit) -> bool:
    """Tell whether the limit can be had here: root has processes without end, and others may not reach this Python."""
    passable = all(place.stat().st_mode & 0o001 for place in Path(sys.executable).resolve().parents)
    return limit.kind != resource.RLIMIT_NPROC or os.geteuid() != 0 or passable


def suffer(made: World, limit: Limit) -> tuple[Ended, list[str]]:
    """Run what has changed under a limit; give how it ended, and what is wrong with that or with the next run."""
    made.give(made.facts._replace(text=f"{limit.least} {limit.name}"))
    ended = made.pivot(*_RUN, first=_limited(made, limit))
    return ended, [*_ill_said(ended), *made.recover()]


def _limited(made: World, limit: Limit) -> Callable[[], None]:
    def prepare() -> None:
        if limit.kind == resource.RLIMIT_NPROC and os.geteuid() == 0:
            _become_nobody(made)
        least = limit.least << 20 if limit.kind == resource.RLIMIT_AS else limit.least
        resource.setrlimit(limit.kind, (least, least))
        program(*_RUN)

    return prepare


def _become_nobody(made: World) -> None:
    """Be a user that the limit holds for; the project is its own."""
    for path in [made.top, *made.top.rglob("*")]:
        os.chown(path, _NOBODY, _NOBODY, follow_symlinks=False)
    os.setgroups([])
    os.setgid(_NOBODY)
    os.setuid(_NOBODY)


def _ill_said(ended: Ended) -> Iterator[str]:
    if not 0 <= ended.code <= 5:
        yield f"it ended with {ended.code}: {ended.err}"
    if "Traceback" in ended.err or "internal error" in ended.err:
        yield f"it told of its own inside: {ended.err}"
    if ended.code and not any("error:" in line or line.startswith("failed") for line in ended.err.splitlines()):
        yield f"it does not say what is in the way: {ended.err!r}"


def main(arguments: Sequence[str]) -> int:
    """Run under every limit, and print what comes of it."""
    argparse.ArgumentParser(prog="faults_engine.py limits", description=__doc__).parse_args(arguments)
    bad = 0
    with world() as made, cpu() as seconds:
        made.recover()
        for limit in filter(is_possible, LIMITS):
            ended, wrong = suffer(made, limit)
            bad += bool(wrong)
            lines = [line for line in ended.err.splitlines() if "error:" in line or line.startswith("failed")]
            print(f"{limit.least:11} {limit.name:22} {ended.code:4} {' '.join(lines)} {wrong or ''}", flush=True)
    print(f"{len(LIMITS)} limits, {bad} with faults, {seconds():.0f} CPU s")
    return 1 if bad else 0
