"""Kill this process just before the k-th thing that it does to a file system, as seen by Python's audit hook.

Rows are committed to LMDB between two such events (its lock is opened before), so each commit is either done or not.
What a worker does is seen too: its interpreter finds a `sitecustomize` that imports this module.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any, NamedTuple

VARIABLE = "PIVOT_TEST_CRASH"
CHANGES = frozenset(
    f"os.{name}" for name in ("rename", "link", "remove", "symlink", "mkdir", "chmod", "truncate", "utime", "rmdir")
)


class Point(NamedTuple):
    """Where to kill what."""

    role: str
    """`coordinator` or `worker`: whose events count."""
    number: int
    together: bool
    """Whether the coordinator dies with its worker."""
    marker: str
    """A file that is made at the kill."""


def arm(point: Point) -> None:
    """Make this process the coordinator, and let it or its workers die."""
    site = Path(point.marker).parent / "site"
    site.mkdir(exist_ok=True)
    (site / "sitecustomize.py").write_text("import faults_hook\nfaults_hook.arm_worker()\n")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(site), os.path.dirname(__file__)])
    os.environ[VARIABLE] = "\t".join(map(str, (os.getpid(), *point)))
    _watch(point, os.getpid())


def arm_worker() -> None:
    """Arm a process that was started by one that is armed."""
    coordinator, role, number, together, marker = os.environ[VARIABLE].split("\t")
    _watch(Point(role, int(number), together == "True", marker), int(coordinator))


def _watch(point: Point, coordinator: int) -> None:
    seen = 0

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal seen
        if not _is_change(event, args) or ("coordinator" if os.getpid() == coordinator else "worker") != point.role:
            return
        seen += 1
        if seen == point.number:
            os.close(os.open(point.marker, os.O_WRONLY | os.O_CREAT))
            if point.together:
                os.kill(coordinator, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def _is_change(event: str, args: tuple[Any, ...]) -> bool:
    if event != "open":
        return event in CHANGES
    path, _, flags = args
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)) and path != os.devnull
