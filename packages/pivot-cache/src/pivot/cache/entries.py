"""What a directory in the store may hold: nothing that could lead out of it."""

import enum
import re
from collections.abc import Sequence
from typing import NamedTuple

from pivot.cache.digest import Digest, Kind, Name
from pivot.cache.errors import UnsafeTreeError

MOST_ENTRIES = 10_000_000
_SAFE_PATH = re.compile(rb"(?:(?!\.\.?(?:/|\Z))[^/\0]{1,255}(?:/(?!\Z)|\Z))+")
"""Steps between slashes: none empty, too long, `.` or `..`."""
_MOST_STEPS = 10_000
"""Steps along a link after which it is taken to lead in a circle."""


def raw_path(text: str) -> bytes:
    """Give the bytes of a path in a manifest: UTF-8 whatever the locale says, or digests would depend on it."""
    return text.encode("utf-8", "surrogateescape")


def text_path(raw: bytes) -> str:
    """Undo `raw_path`."""
    return raw.decode("utf-8", "surrogateescape")


class EntryKind(enum.Enum):
    """What an entry of a directory is."""

    FILE = "f"
    LINK = "l"
    FOLDER = "d"
    """Listed only if it is empty; the others follow from the paths of what they hold."""


class Entry(NamedTuple):
    """One line of a manifest."""

    path: str
    """Relative, with `/`; bytes that are no UTF-8 are lone surrogates, as `os.fsdecode` gives them."""
    kind: EntryKind
    size: int = 0
    hex: str = ""
    executable: bool = False
    target: str = ""

    @property
    def digest(self) -> Digest:
        """Name the contents of a file."""
        return self.name.digest

    @property
    def name(self) -> Name:
        """Name the contents of a file, taken apart."""
        return Name(Kind.BLOB, self.hex)


def validate(entries: Sequence[Entry]) -> None:
    """Refuse what could write outside the directory or through a link, and what has no single meaning."""
    if len(entries) > MOST_ENTRIES:
        raise UnsafeTreeError(f"a directory has {len(entries)} entries, more than {MOST_ENTRIES}\nsplit it")
    leaves = {entry.path: entry for entry in entries}
    folders = {""}
    before = b""
    for entry in entries:
        raw = checked_path(entry.path)
        if raw <= before:
            raise _unsafe(entry.path, "is there twice or out of order")
        before = raw
        if entry.path.rpartition("/")[0] not in folders:
            _check_above(entry.path, leaves, folders)
    for entry in entries:
        if entry.kind is EntryKind.LINK and not stays_inside(entry.path, entry.target, leaves):
            raise _unsafe(entry.path, f"links to {entry.target[:80]!r}, outside of the directory")


def _unsafe(path: str, what: str) -> UnsafeTreeError:
    return UnsafeTreeError(f"entry {path[:200]!r} {what}\na directory in the store holds only what lies inside it")


def checked_path(path: str) -> bytes:
    try:
        raw = raw_path(path)
    except UnicodeEncodeError:
        raise _unsafe(path, "has a name that no file can have") from None
    if not _SAFE_PATH.fullmatch(raw):
        raise _unsafe(path, "has a name that could lead elsewhere")
    return raw


def _check_above(path: str, leaves: dict[str, Entry], folders: set[str]) -> None:
    """Refuse what lies below a leaf; `folders` are those that were seen to be none."""
    above = path.rpartition("/")[0]
    while above not in folders:
        if above in leaves:
            raise _unsafe(path, "lies below an entry that is no directory with entries")
        folders.add(above)
        above = above.rpartition("/")[0]


def stays_inside(path: str, target: str, leaves: dict[str, Entry]) -> bool:
    """Say whether a link leads to a place inside, also through other links; what it leads to need not exist."""
    if not target or target.startswith("/") or "\0" in target:
        return False
    place = path.split("/")[:-1]
    ahead = target.split("/")[::-1]
    for _ in range(_MOST_STEPS):
        if not ahead:
            return True
        step = ahead.pop()
        if step == "..":
            if not place:
                return False
            place.pop()
        elif step not in ("", "."):
            place.append(step)
            through = leaves.get("/".join(place))
            if through is not None and through.kind is EntryKind.LINK:
                place.pop()
                ahead.extend(through.target.split("/")[::-1])
                if through.target.startswith("/"):
                    return False
    return False
