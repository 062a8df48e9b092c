"""What a command line may ask of a collection: one table, for every command that has it."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pivot.cache.amounts import age_of, size_of
from pivot.cache.options import GcOptions, Revisions


class Option(NamedTuple):
    """One option of a command."""

    name: str
    field: str
    """Of `GcOptions`, or of `Revisions`."""
    help: str
    read: Callable[[str], object] | None = None
    """Makes a value of the text; None: a flag. Raises `ValueError`."""
    metavar: str = ""
    many: bool = False


OPTIONS = (
    Option("dry-run", "dry_run", "only say what would go, and what stays"),
    Option("max-size", "max_size", "delete the least recently used until the store is no larger", size_of, "200G"),
    Option("older-than", "older_than", "delete only what was not used for so long", age_of, "30d"),
    Option("grace", "grace", "spare what was made or used lately (default: 1d)", age_of, "12h"),
    Option("keep-results", "keep_records", "spare what runs gave lately (default: 30d)", age_of, "7d"),
    Option("all-branches", "all_branches", "spare what lock files name at the tips of all branches"),
    Option("all-tags", "all_tags", "spare what lock files name at all tags"),
    Option("all-commits", "all_commits", "spare what lock files name at all commits"),
    Option("rev", "named", "spare what lock files name at this git revision (repeatable)", str, "REV", many=True),
    Option("ignore-broken", "ignore_broken", "go on although a lock file cannot be read"),
    Option("drop-missing-roots", "drop_missing_roots", "forget checkouts that are not there"),
)


def options_of(said: Mapping[str, Any]) -> GcOptions:
    """Make the options from what was said; None, or nothing, leaves the default."""
    given = {name: value for name, value in said.items() if value is not None}
    revisions = {name: given.pop(name) for name in Revisions._fields if name in given}
    return GcOptions(revisions=Revisions(**{**revisions, "named": tuple(revisions.get("named", ()))}), **given)
