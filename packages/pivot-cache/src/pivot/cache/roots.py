"""Checkouts that are registered in a store: what the files in them name is kept.

One file for each checkout, and no list of them: two checkouts never wait for each other, and one torn file is one
checkout that a collection refuses to guess about.
"""

import contextlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from typing import Any

from blake3 import blake3

from pivot.cache.digest import Digest
from pivot.cache.errors import BrokenRootError
from pivot.cache.files import SpaceChecked, read_head
from pivot.cache.layout import Layout
from pivot.cache.locks import locked
from pivot.cache.naming import broken, matching
from pivot.cache.options import DAY, Root
from pivot.cache.sharing import make_folder, share_like

_MOST = 1 << 24


def is_gone(root: Root) -> bool:
    """Say whether a checkout is not there: deleted, moved, or on a disk that is not mounted.

    Raises `BrokenRootError` if that cannot be seen: it may well be there, in a folder of somebody else.
    """
    try:
        os.lstat(root.path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as error:
        raise broken(root.path, error.strerror or str(error)) from error
    return False


def naming_files(root: Root) -> Iterator[str]:
    """Give the paths of the files of a checkout that name digests; raise `BrokenRootError`."""
    for each in root.files:
        folder, _, pattern = each.rpartition("/")
        yield from matching(os.path.join(root.path, folder), pattern)


class Roots:
    """The registered checkouts.

    register        write down a checkout, if that is news
    registered      all of them
    note, noted     the digests that one named when it was last read, for the time when it is gone
    forget          let one go
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def register(self, root: Root) -> None:
        """Write down a checkout. Costs one small read unless there is something new, or a day has passed."""
        place, now = self._place(root), int(time.time())
        known = self._known(place)
        if known is not None and set(root.files) <= set(known.files) and abs(now - known.seen) < DAY:
            return
        with locked(self._layout.below("open.lock")):
            self._write(place, _joined(self._known(place), root)._replace(seen=now), now)

    def registered(self, *, ignore_broken: bool = False) -> list[Root]:
        """Give all checkouts; raise `BrokenRootError` for one that cannot be read."""
        found = []
        for place in matching(self._layout.below("roots"), "*.json"):
            try:
                found.append(_read(place))
            except BrokenRootError:
                if not ignore_broken:
                    raise
        return found

    def note(self, root: Root, digests: Iterable[Digest]) -> None:
        """Remember what a checkout names."""
        if os.path.lexists(self._place(root)):
            _replace(self._notes(root), "".join(f"{digest}\n" for digest in sorted(digests)).encode())

    def noted(self, root: Root) -> tuple[list[Digest], int]:
        """Give what a checkout named when it was last read, and when that was: if never, when it was first seen."""
        try:
            with open(self._notes(root), encoding="ascii") as file:
                return [Digest(line) for line in file.read().split()], int(os.fstat(file.fileno()).st_mtime)
        except FileNotFoundError:
            return [], root.first

    def forget(self, root: Root) -> None:
        """Let go of a checkout."""
        for place in (self._place(root), self._notes(root)):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(place)

    def _place(self, root: Root) -> str:
        # By its path, so that each checkout has one file, also if two register at once.
        return self._layout.below(f"roots/{blake3(os.fsencode(root.path)).hexdigest()[:32]}.json")

    def _notes(self, root: Root) -> str:
        return self._place(root).removesuffix(".json") + ".named"

    def _known(self, place: str) -> Root | None:
        try:
            return _read(place)
        except (FileNotFoundError, BrokenRootError):
            return None

    def _write(self, place: str, root: Root, now: int) -> None:
        said = root._replace(first=root.first or now)._asdict()
        with SpaceChecked(self._layout.root, "the name of a checkout"):
            _replace(place, json.dumps(said, sort_keys=True).encode() + b"\n")


def _joined(known: Root | None, root: Root) -> Root:
    # Who opens only one pipeline of a project knows nothing of the others.
    if known is None:
        return root
    files = dict.fromkeys((*known.files, *root.files))
    anywhere = dict.fromkeys((*known.anywhere, *root.anywhere))
    return known._replace(files=tuple(files), anywhere=tuple(anywhere))


def _read(place: str) -> Root:
    try:
        said: dict[str, Any] = json.loads(read_head(place, _MOST))
        files, anywhere = tuple(map(str, said["files"])), tuple(map(str, said["anywhere"]))
        return Root(str(said["path"]), files, anywhere, int(said["first"]), int(said["seen"]))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise broken(place, error.strerror or str(error)) from error
    except (ValueError, KeyError, TypeError):
        raise broken(place, "it says of no checkout what it should") from None


def _replace(place: str, data: bytes) -> None:
    # Always the same name, under the lock: what a killed process has left goes, for it may be another user's.
    temporary = f"{place}.tmp"
    make_folder(os.path.dirname(place))
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)
    try:
        with open(temporary, "wb") as file:
            share_like(file.fileno(), os.path.dirname(place))
            file.write(data)
        os.replace(temporary, place)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
