"""What is named: by the caller, in checkouts, at git revisions, by records of recent runs; with all that trees hold."""

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pivot.cache.digest import Digest, Kind, Name
from pivot.cache.errors import BrokenRootError, DamagedError, MissingError
from pivot.cache.layout import Layout
from pivot.cache.names import parse
from pivot.cache.naming import Names, names_of, read_names
from pivot.cache.objects import Objects
from pivot.cache.options import GcOptions, Root
from pivot.cache.recordlines import Record
from pivot.cache.report import Keep
from pivot.cache.revisions import check_named, committed
from pivot.cache.roots import Roots, is_gone, naming_files
from pivot.cache.tree import members


class Mark(NamedTuple):
    """What names an object."""

    keep: Keep
    place: str = ""
    """The checkout."""
    file: str = ""
    """In it, or `<commit>:<path>`."""
    what: str = ""
    """What the object is there: the key of the digest."""


class Marks(NamedTuple):
    """What is named, and by what."""

    by: dict[Name, Mark]
    absent: list[Digest]
    """Of what the caller named, what is not here."""
    gone: list[Root]
    """Checkouts that are not there."""
    since: dict[str, int]
    """Of those that still protect something: what was used since then (seconds) is theirs too."""


class Marker:
    """Finds out what is named.

    mark
      _checkout, _recent     digests, each with what names it
      _add                   and what is in it, if it is a tree
    """

    def __init__(self, layout: Layout, objects: Objects, roots: Roots) -> None:
        self._layout, self._objects, self._roots = layout, objects, roots

    def mark(
        self, asked: Iterable[str], roots: Iterable[Root], records: Iterable[Record], now_ns: int, options: GcOptions
    ) -> Marks:
        """Mark everything that is named; raise `BrokenRootError`, `RevisionError`, `DamagedError`, `BadDigestError`."""
        marks = Marks({}, [], [], {})
        for digest in asked:
            if not self._add(marks, parse(digest), Mark(Keep.ASKED)):
                marks.absent.append(parse(digest).digest)
        checkouts = _together(roots)
        check_named(checkouts, options.revisions.named)
        for root in checkouts:
            for digest, mark in self._checkout(root, marks, now_ns, options):
                self._add(marks, parse(digest), mark)
        for digest, what in _recent(records, now_ns, options):
            self._add(marks, parse(digest), Mark(Keep.RECORD, what=what))
        return marks

    def _add(self, marks: Marks, name: Name, mark: Mark) -> bool:
        """Mark a name and what is in it; False if it, or part of it, is not here."""
        if name in marks.by:
            return True
        marks.by[name] = mark
        try:
            for member, path in members(name, self._objects.load).items():
                marks.by.setdefault(member, mark._replace(what="/".join(filter(None, (mark.what, path)))))
        except DamagedError:
            raise  # its members cannot be known, and nobody shall lose data over a torn manifest
        except MissingError:
            return False
        return name.kind is Kind.TREE or os.path.lexists(self._layout.object(name))

    def _checkout(self, root: Root, marks: Marks, now_ns: int, options: GcOptions) -> Iterator[tuple[Digest, Mark]]:
        if _is_out_of_reach(root, ignore_broken=options.ignore_broken):
            marks.gone.append(root)
            yield from self._gone(root, marks, now_ns, options)
            return
        found = list(_named_now(root, ignore_broken=options.ignore_broken))
        yield from found
        if not options.dry_run:
            self._roots.note(root, [digest for digest, _ in found])
        for file in committed(root, options.revisions, ignore_broken=options.ignore_broken):
            for digest, what in file.names.items():
                yield digest, Mark(Keep.REVISION, root.path, file.file, what)

    def _gone(self, root: Root, marks: Marks, now_ns: int, options: GcOptions) -> Iterator[tuple[Digest, Mark]]:
        if options.drop_missing_roots or root.seen < now_ns / 1e9 - options.keep_missing:
            return
        digests, noted = self._roots.noted(root)
        marks.since[root.path] = noted
        for digest in digests:
            yield digest, Mark(Keep.MISSING, root.path)


def _recent(records: Iterable[Record], now_ns: int, options: GcOptions) -> Iterator[tuple[Digest, str]]:
    limit = now_ns - int(options.keep_records * 1e9)
    for record in records:
        if record.written_ns >= limit:
            yield from outputs_of(record).items()


def outputs_of(record: Record) -> dict[Digest, str]:
    """Give what a record says was made: what is under `outs`, if it has that, else every digest in it."""
    names = names_of(record.data)
    return names.made if "outs" in record.data else names.other


def _is_out_of_reach(root: Root, *, ignore_broken: bool) -> bool:
    try:
        return is_gone(root)
    except BrokenRootError:
        if not ignore_broken:
            raise
        return True  # what is known of it still counts


def _named_now(root: Root, *, ignore_broken: bool) -> Iterator[tuple[Digest, Mark]]:
    found = list(_read_all(root, ignore_broken=ignore_broken))
    # First what they are about: an object that one file makes and others mention is told as that one's.
    parts = [(file, names.made) for file, names in found] + [(file, names.other) for file, names in found]
    for file, digests in parts:
        for digest, what in digests.items():
            yield digest, Mark(Keep.FILE, root.path, file, what)


def _read_all(root: Root, *, ignore_broken: bool) -> Iterator[tuple[str, Names]]:
    for path in _files(root, ignore_broken=ignore_broken):
        try:
            yield os.path.relpath(path, root.path), read_names(path)
        except FileNotFoundError:
            continue  # gone since the folder was listed: a stage that was renamed, a branch that was left
        except BrokenRootError:
            if not ignore_broken:
                raise


def _files(root: Root, *, ignore_broken: bool) -> list[str]:
    try:
        return list(naming_files(root))
    except BrokenRootError:
        if not ignore_broken:
            raise
        return []


def _together(roots: Iterable[Root]) -> list[Root]:
    found: dict[str, Root] = {}
    for root in roots:
        known = found.get(root.path)
        files = root.files if known is None else tuple(dict.fromkeys((*known.files, *root.files)))
        found[root.path] = root._replace(files=files)
    return list(found.values())
