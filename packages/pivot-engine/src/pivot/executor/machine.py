"""What this process may use of the machine."""

import os
from collections.abc import Iterator
from pathlib import Path


def usable_memory(root: Path = Path("/")) -> float:
    """Tell how many bytes of memory this process and its children may use: the machine's, or what cgroups leave."""
    return min(_installed(), *_limits(root))


def _installed() -> float:
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def _limits(root: Path) -> Iterator[float]:
    """Read the limits of the groups that this process is in, and of those around them."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            top = root / "sys/fs/cgroup" / controllers
            name = "memory.limit_in_bytes" if controllers else "memory.max"
            inner = top / path.lstrip("/")
            for group in (inner, *inner.parents):
                limit = _read(group / name).strip()
                yield float(limit) if limit.isdigit() else float("inf")
                if group == top:
                    break
    yield float("inf")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""
