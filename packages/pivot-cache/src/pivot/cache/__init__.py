"""A content-addressed store with an index that may be lost; knows nothing of pipelines. See `Cache`."""

from pivot.cache.digest import Digest, hash_bytes
from pivot.cache.entries import Entry, EntryKind
from pivot.cache.errors import (
    BadDigestError,
    BrokenRootError,
    BusyError,
    CacheError,
    ChangedError,
    DamagedError,
    FormatError,
    FullError,
    MissingError,
    NotStorableError,
    ReadOnlyError,
    RevisionError,
    UnsafeTargetError,
    UnsafeTreeError,
    UnusableError,
)
from pivot.cache.info import Durability, Info
from pivot.cache.links import Link
from pivot.cache.options import GcOptions, Revisions, Root
from pivot.cache.recordlines import Record
from pivot.cache.report import Collected, Gone, Keep, Kept, Removed, Report
from pivot.cache.signature import Signature, is_racy, signature
from pivot.cache.store import Cache, CacheRoot
from pivot.cache.tree import Tree
from pivot.cache.worktree import Measured, Stored

__all__ = [
    "BadDigestError",
    "BrokenRootError",
    "BusyError",
    "Cache",
    "CacheError",
    "CacheRoot",
    "ChangedError",
    "Collected",
    "DamagedError",
    "Digest",
    "Durability",
    "Entry",
    "EntryKind",
    "FormatError",
    "FullError",
    "GcOptions",
    "Gone",
    "Info",
    "Keep",
    "Kept",
    "Link",
    "Measured",
    "MissingError",
    "NotStorableError",
    "ReadOnlyError",
    "Record",
    "Removed",
    "Report",
    "RevisionError",
    "Revisions",
    "Root",
    "Signature",
    "Stored",
    "Tree",
    "UnsafeTargetError",
    "UnsafeTreeError",
    "UnusableError",
    "hash_bytes",
    "is_racy",
    "signature",
]
