"""What collections and verifications found and did."""

import enum
from typing import NamedTuple

from pivot.cache.digest import Digest


class Gone(enum.StrEnum):
    """Why an object goes."""

    UNNAMED = "named by nothing"
    OLD = "named by nothing, and not used for so long"
    OVER = "named by nothing, and least recently used in a store that is too large"


class Keep(enum.StrEnum):
    """Why an object stays."""

    ASKED = "named by the caller"
    FILE = "named in a checkout"
    REVISION = "named at a git revision"
    MISSING = "of a checkout that is gone"
    RECORD = "of a recent run"
    CLAIMED = "in use by a process"
    YOUNG = "made or used lately"
    SPARED = "named by nothing, but neither old nor too much"


class Removed(NamedTuple):
    """An object that was deleted, or would be."""

    digest: Digest
    why: Gone
    bytes: int
    used: float
    """Seconds since the epoch."""
    what: str = ""
    """What it was, where a record still says so."""


class Kept(NamedTuple):
    """Objects that stay for one reason."""

    keep: Keep
    place: str
    file: str
    objects: int
    bytes: int


class Collected(NamedTuple):
    """What a collection did, or would do."""

    gone: tuple[Removed, ...] = ()
    held: tuple[Kept, ...] = ()
    records: int = 0
    """Run-cache records removed, because what they name is gone."""
    missing_roots: tuple[Digest, ...] = ()
    """Digests given by the caller that the store does not have (they may be elsewhere)."""
    missing_checkouts: tuple[str, ...] = ()
    """Registered, but not there now."""
    dry_run: bool = False

    @property
    def removed(self) -> tuple[Digest, ...]:
        """The objects that were deleted, or would be."""
        return tuple(each.digest for each in self.gone)

    @property
    def removed_bytes(self) -> int:
        """What they take on the disk."""
        return sum(each.bytes for each in self.gone)

    @property
    def kept(self) -> int:
        """How many objects stay."""
        return sum(each.objects for each in self.held)

    @property
    def kept_bytes(self) -> int:
        """What they take on the disk."""
        return sum(each.bytes for each in self.held)

    @property
    def examined(self) -> int:
        """How many objects there were."""
        return len(self.gone) + self.kept


class Report(NamedTuple):
    """What was found when objects were hashed again."""

    examined: int = 0
    """Objects looked at."""
    examined_bytes: int = 0
    damaged: tuple[Digest, ...] = ()
    """Moved to quarantine because their bytes were not those of their names."""
    incomplete: tuple[Digest, ...] = ()
    """Trees of which a member is not there."""
    missing: tuple[Digest, ...] = ()
    """Of those that were named, what the store does not have."""
    kept: int = 0

    @property
    def clean(self) -> bool:
        """Say whether nothing was wrong."""
        return not self.damaged and not self.incomplete
