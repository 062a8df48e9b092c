"""Run-cache records: what an action gave, kept as lines of files because nothing could make them again."""

import contextlib
import errno
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pivot.cache.errors import CacheError, ReadOnlyError
from pivot.cache.files import Draft, Names, SpaceChecked, is_regular, open_regular, read_all, write_all
from pivot.cache.layout import Layout
from pivot.cache.locks import let_go, wait_lock
from pivot.cache.recordlines import Record, find, hashed, packed, unpacked, whole_lines
from pivot.cache.sharing import make_last_folder, open_made, share_like

_APPENDING = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_NO_FILE = {errno.EISDIR, errno.ELOOP, errno.ENXIO}
_TRIES = 100
"""How often a file may be replaced before it could be locked."""


class Records:
    """Records by key: written once, never changed; the first writer wins.

    remember   append a line to one of 256 files, under its lock
    recall     look for the line, without a lock: one that is not whole yet fails its check
    forget     put a file without the line in the place of this one, under its lock

    Not a file for each record: an inode costs several times what a line costs. Not rows in LMDB: the index may be lost
    at any time, and these cannot be made again without running. And nothing is kept in memory: to look through a file
    costs as much as to open it, as long as the store has no more than some hundred thousand records.
    """

    def __init__(self, layout: Layout, *, durable: bool, writable: bool) -> None:
        self._layout, self._durable, self._writable = layout, durable, writable
        self._names = Names(layout.root)
        self._folder, self._drafts = layout.below("records"), layout.below("tmp")

    def remember(self, key: str, data: Mapping[str, Any]) -> bool:
        """Write a record unless there is one for this key, and say whether it was."""
        if not self._writable:
            raise ReadOnlyError(f"{self._layout.root} may not be written to\ncheck its permissions")
        digits = hashed(key)
        line = packed(digits, key, data, time.time_ns())
        with SpaceChecked(self._layout.root, "a record", len(line)):
            return self._append(self._path(digits), digits, line)

    def recall(self, key: str) -> dict[str, Any] | None:
        """Give the data of a record; None if there is none or it is damaged."""
        digits = hashed(key)
        line = find(_read(self._path(digits)), digits)
        return None if line is None else unpacked(line).data

    def forget(self, keys: Iterable[str]) -> int:
        """Delete records; says how many there were."""
        gone: defaultdict[str, set[bytes]] = defaultdict(set)
        for digits in map(hashed, keys):
            gone[self._path(digits)].add(digits)
        return sum(self._drop(path, digits) for path, digits in gone.items())

    def __iter__(self) -> Iterator[Record]:
        for name in sorted(os.listdir(self._folder)):
            for digits, line in whole_lines(_read(f"{self._folder}/{name}")).items():
                if digits[:2] == name.encode():  # in another file nobody would look for it
                    yield unpacked(line)

    def _path(self, digits: bytes) -> str:
        return f"{self._folder}/{digits[:2].decode()}"

    def _append(self, path: str, digits: bytes, line: bytes) -> bool:
        descriptor, body = self._locked(path)
        try:
            absent = find(body, digits) is None
            if absent:
                # What a killed process, a full disk or a power cut has left unfinished ends before this line.
                ended = b"" if body.endswith(b"\n") or not body else b"\n"
                write_all(descriptor, ended + line + b"\n")
            if self._durable:
                # Also if it was there before: from somebody who did not mind to lose it.
                os.fsync(descriptor)
                self._names.sync(path)
        finally:
            let_go(descriptor)
        return absent

    def _drop(self, path: str, gone: set[bytes]) -> int:
        if gone.isdisjoint(whole_lines(_read(path))):
            return 0
        descriptor, body = self._locked(path)
        try:
            lines = whole_lines(body)
            kept = [line for digits, line in lines.items() if digits not in gone]
            with SpaceChecked(self._layout.root, "records", len(body)):
                self._replace(path, kept)
        finally:
            let_go(descriptor)
        return len(lines) - len(kept)

    def _replace(self, path: str, lines: Iterable[bytes]) -> None:
        with Draft(self._drafts, named=True) as draft:
            write_all(draft.descriptor, b"".join(line + b"\n" for line in lines))
            os.fchmod(draft.descriptor, 0o644)
            share_like(draft.descriptor, self._folder)
            # What has this name may be on the disk already, and must not be less than that after a power cut.
            os.fsync(draft.descriptor)
            draft.replace(path)

    def _locked(self, path: str) -> tuple[int, bytes]:
        """Open a file to append to it, made if it is not there, and give what is in it; no one else writes then."""
        for _ in range(_TRIES):
            try:
                descriptor = open_made(path, _APPENDING)
            except OSError as error:
                self._make_way(path, error)
                continue
            try:
                body = self._taken(descriptor, path)
            except BaseException:
                let_go(descriptor)
                raise
            if body is not None:
                return descriptor, body
            let_go(descriptor)
        raise CacheError(f"{path} cannot be replaced\nremove it and try again")

    def _taken(self, descriptor: int, path: str) -> bytes | None:
        """Lock a file and give what is in it; None if it is no file, or another has its name by then."""
        opened = os.fstat(descriptor)
        if not is_regular(opened):
            self._clear(path)
            return None
        wait_lock(descriptor, path)
        try:
            now = os.lstat(path)
        except FileNotFoundError:
            return None
        return read_all(descriptor, now.st_size) if os.path.samestat(opened, now) else None

    def _make_way(self, path: str, error: OSError) -> None:
        """Let a file be opened next time, or raise the error."""
        if isinstance(error, FileNotFoundError):
            self._make_folder()
        elif isinstance(error, PermissionError) and os.path.lexists(path):
            self._permit(path)
        elif error.errno in _NO_FILE:
            self._clear(path)
        else:
            raise error

    def _make_folder(self) -> None:
        """Make it again; not what is above: a store that has been deleted stays so."""
        make_last_folder(self._folder)

    def _permit(self, path: str) -> None:
        try:
            os.chmod(path, 0o644)
            share_like(path, self._folder)
        except PermissionError:
            self._set_aside(path)  # another user's, who does not share it

    def _clear(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            if not is_regular(os.lstat(path)):  # else another process has done it, and a file is there
                self._set_aside(path)

    def _set_aside(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.rename(path, self._layout.below(f"quarantine/record-{os.urandom(8).hex()}"))


def _read(path: str) -> bytes:
    try:
        descriptor = open_regular(path)
    except OSError:
        return b""
    try:
        status = os.fstat(descriptor)
        return read_all(descriptor, status.st_size) if is_regular(status) else b""
    except OSError:
        return b""
    finally:
        os.close(descriptor)
