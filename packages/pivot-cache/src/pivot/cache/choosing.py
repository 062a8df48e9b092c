"""What goes of what nothing names: a pure function of how large it is and when it was used."""

from collections.abc import Sequence
from typing import NamedTuple

from pivot.cache.digest import Kind, Name
from pivot.cache.options import GcOptions
from pivot.cache.report import Gone


class Weighed(NamedTuple):
    """What nothing names, as the decision sees it."""

    name: Name
    used_ns: int
    """When it was last used, or linked into the store."""
    bytes: int
    """On the disk."""


def choose(unnamed: Sequence[Weighed], total: int, now_ns: int, options: GcOptions) -> dict[Name, Gone]:
    """Choose what goes of what nothing names; `total` is what the whole store takes on the disk."""
    old = [each for each in unnamed if not is_young(each, now_ns, options)]
    if options.older_than is None and options.max_size is None:
        return {each.name: Gone.UNNAMED for each in old}
    chosen: dict[Name, Gone] = {}
    if options.older_than is not None:
        limit = _before(now_ns, options.older_than)
        chosen = {each.name: Gone.OLD for each in old if _used_ns(each, now_ns) < limit}
    if options.max_size is not None:
        left = total - sum(each.bytes for each in old if each.name in chosen)
        # A tree before its members: without it they are of no use, and it is of none without them.
        for each in sorted(old, key=lambda each: (_used_ns(each, now_ns), each.name.kind is Kind.BLOB)):
            if left <= options.max_size:
                break
            if each.name not in chosen:
                chosen[each.name] = Gone.OVER
                left -= each.bytes
    return chosen


def is_young(each: Weighed, now_ns: int, options: GcOptions) -> bool:
    """Tell whether something was made or used so lately that it stays, whatever else is said."""
    return _used_ns(each, now_ns) >= _before(now_ns, options.grace)


def _used_ns(each: Weighed, now_ns: int) -> int:
    # A clock that was ahead must not protect anything for ever.
    return min(each.used_ns, now_ns)


def _before(now_ns: int, seconds: float) -> int:
    return now_ns - int(seconds * 1e9)
