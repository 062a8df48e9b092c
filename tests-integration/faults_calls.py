"""A kill, or an error of the disk, at the n-th system call of a kind that writes. Needs strace.

This is below what Python sees: LMDB's pages, the parts of a file that is written piece by piece. Calls are counted in
each process by itself, so a number hits the coordinator or one of its workers, whoever gets there first.
"""

import argparse
from collections.abc import Iterator, Sequence
from itertools import count

from faults_world import World, enumerated, program, world

CALLS = ("write", "pwrite64", "fdatasync", "ftruncate", "linkat", "rename", "renameat", "renameat2", "unlink", "mkdir")
FAULTS = ("signal=SIGKILL", "error=EIO", "error=EDQUOT", "error=EINTR")
_RUN = ("run", "--all", "-j", "1")


def problems(made: World, call: str, fault: str, numbers: Iterator[int]) -> Iterator[tuple[int, list[str]]]:
    """Cause a fault at each of these calls of a kind, until there are no more; give what is wrong after each."""
    log = made.top / "strace"
    for number in numbers:
        made.give(made.facts._replace(text=f"{call} {fault} {number}", mark=f"m{number}"))
        inject = f"inject={call}:{fault}:when={number}"
        under = ("strace", "-f", "-qq", "-o", str(log), "-e", f"trace={call}", "-e", inject)
        pid = made.start(*_RUN, first=lambda under=under: program(*_RUN, under=under))  # type: ignore[misc]
        ended = made.wait(pid)
        traced = log.read_text(errors="replace")
        if "INJECTED" not in traced and "killed by SIGKILL" not in traced:
            return
        # The pipe to a worker has no disk that could fail: that its end is told with a traceback is as it should be.
        trace = "Traceback" in ended.err and "channel.py" not in ended.err
        inside = trace or "internal error" in ended.err or ended.code > 5
        told = [f"it ended with {ended.code}: {ended.err}"] if inside and fault != FAULTS[0] else []
        # Another interpreter has snapshots of its own: what a killed one left of them, only its like would write over.
        yield number, [*told, *made.recover(pid, lambda: program(*_RUN))]


def main(arguments: Sequence[str]) -> int:
    """Cause faults at system calls, and print what was found."""
    parser = argparse.ArgumentParser(prog="faults_engine.py calls", description=__doc__)
    parser.add_argument("--every", type=int, default=1, metavar="N")
    parser.add_argument("--fault", choices=FAULTS, action="append")
    parser.add_argument("--call", choices=CALLS, action="append")
    options = parser.parse_args(arguments)
    bad = 0
    for fault in options.fault or FAULTS:
        for call in options.call or CALLS:
            bad += _enumerate(call, fault, options.every)
    return 1 if bad else 0


def _enumerate(call: str, fault: str, every: int) -> int:
    with world() as made:
        made.recover()
        return enumerated(f"{call}, {fault}", "call", problems(made, call, fault, count(1, every)))
