"""Find the processes that stages have started, whatever became of their parents: by a variable that all of them have.

Not by adopting orphans (PR_SET_CHILD_SUBREAPER): Python cannot ask for that without ctypes, whose import costs as much
as looking through /proc once, and in a program that uses the engine it would mix them with its own children.
"""

import os
from collections.abc import Iterator
from typing import NamedTuple

RUN = "PIVOT_WORKERS"
"""The variable that names the workers of one coordinator."""
STAGE = "PIVOT_STAGE"
"""The variable that names the stage, as `pipeline:stage`."""


class Marked(NamedTuple):
    """A process that a stage has started, or a worker."""

    pid: int
    command: str
    """Its name, as the system shows it."""
    stage: str
    """The stage that has started it; empty: it was forked, and all that is known is the worker."""


def marked(mark: str) -> Iterator[Marked]:
    """Find those of one coordinator that still run. Where there is no /proc none is found."""
    needle = f"{RUN}={mark}".encode()
    for pid in _own_processes():
        try:
            variables = _read(f"/proc/{pid}/environ").split(b"\0")
            if needle in variables:
                yield Marked(pid, os.fsdecode(_read(f"/proc/{pid}/comm")).strip(), _value(STAGE, variables))
        except OSError:
            continue  # it has ended, or is not ours


_ROOM = 100
"""Bytes that a variable takes at most whose value is a mark."""


def can_be_shown() -> bool:
    """Tell whether a process that is forked off this one can show a mark. Raises OSError if nothing can be told."""
    start, end = _where_shown()
    if end - start < _ROOM:
        return False
    with open("/proc/self/mem", "r+b", buffering=0) as memory:  # tried, for it may be forbidden
        memory.seek(start)
        first = memory.read(1)
        memory.seek(start)
        return memory.write(first) == 1


def show(name: str) -> None:
    """Let others see one of this process's variables, and only that; all have been set anew since its program started.

    The system shows what lies where the variables lay when the program started, which nobody uses then.
    """
    start, end = _where_shown()
    shown = os.fsencode(f"{name}={os.environ[name]}").ljust(end - start, b"\0")
    with open("/proc/self/mem", "r+b", buffering=0) as memory:
        memory.seek(start)
        memory.write(shown)


def _where_shown() -> tuple[int, int]:
    """Give where the system finds the variables of this process. Raises OSError if there is no /proc."""
    after_name = _read("/proc/self/stat").rpartition(b")")[2].split()
    return int(after_name[47]), int(after_name[48])  # env_start and env_end in proc(5)


def _own_processes() -> Iterator[int]:
    try:
        with os.scandir("/proc") as entries:
            own = [entry.name for entry in entries if entry.name.isdigit() and _is_own(entry)]
    except OSError:
        own = []
    return map(int, own)


def _is_own(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.stat().st_uid == os.geteuid()
    except OSError:
        return False


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read()


def _value(name: str, variables: list[bytes]) -> str:
    prefix = f"{name}=".encode()
    return next((os.fsdecode(one[len(prefix) :]) for one in variables if one.startswith(prefix)), "")
