"""Directories as manifests: canonical bytes, checked when they are written and again when they are read.

A manifest is JSON lines, sorted by the raw bytes of the path: a header, then

    ["rel/path","f",size,"<64 hex>",0 or 1]     a file, executable or not
    ["link","l","target"]                       a symbolic link that stays inside
    ["empty","d"]                               a directory without entries

Above 4096 entries the lines go into pages of their own and the manifest lists the pages. Where a page ends
follows from the paths alone, so that a change of one file makes one new page, in a flat directory as in a deep one
(a manifest per directory would not help the flat one).
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from pivot.cache.digest import Kind, Name, name_of
from pivot.cache.entries import Entry, EntryKind, checked_path, raw_path, validate
from pivot.cache.errors import UnsafeTreeError

_HEADER = b'{"v":1}'
_PAGED_HEADER = b'{"pages":1,"v":1}'
_WHOLE_UP_TO = 4096
_PAGE_MASK = 1023

# Types of the values in a line: not `isinstance`, for which True is a number.
_FILE = [str, str, int, str, int]
_LINK = [str, str, str]
_FOLDER = [str, str]


class Tree(NamedTuple):
    """The contents of a directory."""

    entries: tuple[Entry, ...]
    """Sorted by the bytes of their paths."""

    @property
    def size(self) -> int:
        """Add up the sizes of the files."""
        return sum(entry.size for entry in self.entries)

    @property
    def files(self) -> Iterator[Entry]:
        """Give the entries that have contents."""
        return (entry for entry in self.entries if entry.kind is EntryKind.FILE)


class Manifest(NamedTuple):
    """A tree as objects: the one that names it, and its pages if it has any."""

    name: Name
    objects: tuple[tuple[Name, bytes], ...]
    """Pages first, what names them last."""


def encode(entries: Iterable[Entry]) -> Manifest:
    """Check the entries and give the canonical manifest; raise `UnsafeTreeError`."""
    ordered = sorted(entries, key=lambda entry: checked_path(entry.path))
    validate(ordered)
    if len(ordered) <= _WHOLE_UP_TO:
        only = _object(_HEADER, _lines(ordered))
        return Manifest(only[0], (only,))
    pages = [(_object(_HEADER, _lines(page)), page) for page in _pages(ordered)]
    rows = [f'["{name.hex}",{len(page)}]'.encode() for (name, _), page in pages]
    top = _object(_PAGED_HEADER, rows)
    return Manifest(top[0], (*(made for made, _ in pages), top))


def _object(header: bytes, lines: Iterable[bytes]) -> tuple[Name, bytes]:
    data = b"\n".join([header, *lines, b""])
    return name_of(data, Kind.TREE), data


def _lines(entries: Iterable[Entry]) -> Iterator[bytes]:
    from json.encoder import encode_basestring_ascii as quoted

    for entry in entries:
        if entry.kind is EntryKind.FILE:
            yield f'[{quoted(entry.path)},"f",{entry.size},"{entry.hex}",{entry.executable:d}]'.encode()
        elif entry.kind is EntryKind.LINK:
            yield f'[{quoted(entry.path)},"l",{quoted(entry.target)}]'.encode()
        else:
            yield f'[{quoted(entry.path)},"d"]'.encode()


def _pages(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    start = 0
    for index, entry in enumerate(entries, 1):
        if zlib.crc32(raw_path(entry.path)) & _PAGE_MASK == 0 or index == len(entries):
            yield entries[start:index]
            start = index


def members(name: Name, load: Callable[[Name], bytes]) -> dict[Name, str]:
    """Give everything that a name stands for: itself, and for a tree its pages, and its files by their paths."""
    if name.kind is Kind.BLOB:
        return {name: ""}
    data = load(name)
    files = {entry.name: entry.path for entry in decode(data, load).files}
    return {name: "", **dict.fromkeys(page_names(data), ""), **files}


def page_names(data: bytes) -> list[Name]:
    """Give the names of the pages that a manifest lists; none if it holds its entries itself."""
    header, _, body = data.partition(b"\n")
    if header != _PAGED_HEADER:
        return []
    return [Name(Kind.TREE, _hex(_page_row(row))) for row in _rows(body)]


def _page_row(row: object) -> str:
    if not isinstance(row, list) or [*map(type, row)] != [str, int]:
        raise _no_line(row)
    digits: str = row[0]
    return digits


def decode(data: bytes, load: Callable[[Name], bytes]) -> Tree:
    """Read a manifest, and its pages through `load`; raise `UnsafeTreeError` for anything that `encode` cannot make."""
    pages = page_names(data)
    parts = [load(name) for name in pages] if pages else [data]
    entries = [entry for part in parts for entry in _entries(part)]
    validate(entries)
    return Tree(tuple(entries))


def _entries(data: bytes) -> Iterator[Entry]:
    header, _, body = data.partition(b"\n")
    if header != _HEADER:
        raise UnsafeTreeError(f"not a manifest that this version reads: {header[:40]!r}\nuse a newer pivot-cache")
    return (_entry(row) for row in _rows(body))


def _rows(body: bytes) -> list[object]:
    import json

    if body and not body.endswith(b"\n"):
        raise UnsafeTreeError("a manifest is cut off\nmake it again")
    try:
        rows: list[object] = json.loads(b"[" + b",".join(body.split(b"\n")[:-1]) + b"]")
    except (ValueError, RecursionError) as error:
        raise UnsafeTreeError("a manifest is not well formed\nmake it again") from error
    return rows


def _entry(row: object) -> Entry:
    if isinstance(row, list):
        types = [*map(type, row)]
        if types == _FILE and row[1] == "f":
            path, _, size, digits, executable = row
            if size < 0 or executable not in (0, 1):
                raise UnsafeTreeError(f"a manifest has impossible numbers for {path[:80]!r}\nmake it again")
            return Entry(path, EntryKind.FILE, size, _hex(digits), executable == 1)
        if types == _LINK and row[1] == "l":
            return Entry(row[0], EntryKind.LINK, target=row[2])
        if types == _FOLDER and row[1] == "d":
            return Entry(row[0], EntryKind.FOLDER)
    raise _no_line(row)


def _no_line(row: object) -> UnsafeTreeError:
    return UnsafeTreeError(f"a manifest has a line that is none: {str(row)[:80]!r}\nmake it again")


def _hex(text: str) -> str:
    if len(text) != 64 or text.strip("0123456789abcdef"):
        raise UnsafeTreeError(f"a manifest names contents by {text[:80]!r}\nmake it again")
    return text
