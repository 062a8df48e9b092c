"""What can be asked of a collection: which checkouts and revisions count, and how much goes."""

from collections.abc import Sequence
from typing import NamedTuple

DAY = 86_400.0


class Root(NamedTuple):
    """A directory with files that name digests, in JSON."""

    path: str
    files: tuple[str, ...]
    """Each `folder/pattern`, where the pattern is one of file names: `model/.pivot/stages/*.lock`."""
    anywhere: tuple[str, ...] = ()
    """The same for git revisions, in which the folders may have lain elsewhere: `.pivot/stages/*.lock` at any depth."""
    first: int = 0
    """Seconds since the epoch: when it was first registered."""
    seen: int = 0
    """When it was last."""


class Revisions(NamedTuple):
    """Git revisions of the checkouts of which the files count, besides those in the work trees."""

    named: Sequence[str] = ()
    all_branches: bool = False
    """The tips of all branches, remote ones too."""
    all_tags: bool = False
    all_commits: bool = False
    """Everything that git can reach."""

    def __bool__(self) -> bool:
        return any(self)


class GcOptions(NamedTuple):
    """How much goes. With neither `older_than` nor `max_size`, all that nothing names."""

    grace: float = DAY
    """Seconds: what was made or used since then stays, whatever names it."""
    older_than: float | None = None
    """Seconds: of what nothing names, only what was not used for so long."""
    max_size: int | None = None
    """Bytes on the disk: of what nothing names, the least recently used, until the store is no larger."""
    keep_records: float = 30 * DAY
    """Seconds: what younger run-cache records name counts as named."""
    keep_quarantine: float = 30 * DAY
    keep_missing: float = 30 * DAY
    """Seconds for which a checkout that is gone (deleted, or on a disk that is not mounted) still protects objects."""
    revisions: Revisions = Revisions()
    ignore_broken: bool = False
    """Go on although a file that names digests cannot be read."""
    drop_missing_roots: bool = False
    """Forget checkouts that are gone at once."""
    dry_run: bool = False
