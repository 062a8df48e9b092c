"""What can be said about a store, and what can be chosen for it."""

import enum
import os
from pathlib import Path
from typing import NamedTuple

from pivot.cache.digest import Kind
from pivot.cache.layout import Layout
from pivot.cache.leases import count_live
from pivot.cache.objects import Objects


class Durability(enum.StrEnum):
    """What a power cut may cost; never wrong bytes."""

    BATCH = "batch"
    """What was stored since the last `sync()` is hashed again before use, and may have to be made again."""
    STRICT = "strict"
    """Nothing that a call has returned for: each object, record and index row is forced to the disk."""
    OFF = "off"
    """As `batch`, and the index is dropped after a reboot."""


class Counts(NamedTuple):
    """What lies in the folders of a store."""

    objects: int
    trees: int
    bytes: int
    disk_bytes: int
    quarantined: int
    processes: int
    checkouts: int


class Info(NamedTuple):
    """What a store holds."""

    root: Path
    id: str
    format: int
    objects: int
    trees: int
    records: int
    bytes: int
    """Of all objects, as files."""
    disk_bytes: int
    """As the file system counts them."""
    quarantined: int
    processes: int
    """Processes that hold claims now."""
    index_kind: str
    """`lmdb`, or `memory` if this process cannot use the index on the disk."""
    index_path: Path
    read_only: bool
    shared: str
    """`user`, or `group`: whoever is in the group of its folder may write to it."""
    checkouts: int
    """That are registered."""


def count(layout: Layout, objects: Objects) -> Counts:
    """Look at every object once."""
    found = {kind: [os.lstat(layout.object(name)) for name in objects.names(kind)] for kind in Kind}
    every = [status for statuses in found.values() for status in statuses]
    return Counts(
        objects=len(found[Kind.BLOB]),
        trees=len(found[Kind.TREE]),
        bytes=sum(status.st_size for status in every),
        disk_bytes=sum(status.st_blocks for status in every) * 512,
        quarantined=len(os.listdir(layout.below("quarantine"))),
        processes=count_live(layout),
        checkouts=_registered(layout),
    )


def _registered(layout: Layout) -> int:
    try:
        return sum(name.endswith(".json") for name in os.listdir(layout.below("roots")))
    except FileNotFoundError:
        return 0  # of an earlier version, and not ours to write to
