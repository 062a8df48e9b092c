"""Run-cache records: what an action gave, kept as small files because nothing could make them again."""

import contextlib
import functools
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from blake3 import blake3

from pivot.cache.errors import CacheError, ReadOnlyError
from pivot.cache.files import (
    Draft,
    Names,
    SpaceChecked,
    is_regular,
    open_regular,
    read_all,
    sync_file,
    write_all,
)
from pivot.cache.layout import Layout

_MAGIC = b"pivot-record 1 "
_KEY_CONTEXT = "pivot.cache record key v1"
_CHECK_CONTEXT = "pivot.cache record check v1"
_TRIES = 5


class Record(NamedTuple):
    """One record as it lies in the store."""

    key: str
    data: dict[str, Any]
    written_ns: int
    """When it was created, by the clock of the file system."""


class Records:
    """Records by key: created once, never changed; the first writer wins.

    A file is `pivot-record 1 <length of the key> <check>`, a newline, the key in UTF-8, JSON. Not rows in LMDB:
    the index may be lost at any time, and these cannot be made again without running.
    """

    def __init__(self, layout: Layout, *, durable: bool, writable: bool) -> None:
        self._layout, self._durable, self._writable = layout, durable, writable
        self._names = Names(layout.root)
        self._drafts = layout.below("tmp")

    def remember(self, key: str, data: Mapping[str, Any]) -> bool:
        """Create a record unless there is one for this key, and say whether it was."""
        if not self._writable:
            raise ReadOnlyError(f"{self._layout.root} may not be written to\ncheck its permissions")
        body, path = _packed(key, data), self._path(key)
        with SpaceChecked(self._layout.root, "a record", len(body)), Draft(self._drafts) as draft:
            write_all(draft.descriptor, body)
            draft.protect()
            created = self._publish(draft, key, path)
            if self._durable:
                # Also if it was there before: from somebody who did not mind to lose it.
                sync_file(path)
                self._names.sync(path)
        return created

    def recall(self, key: str) -> dict[str, Any] | None:
        """Give the data of a record; None if there is none or it is damaged."""
        found = _read(self._path(key))
        return found.data if found is not None and found.key == key else None

    def forget(self, key: str) -> bool:
        """Delete a record; says whether there was one."""
        try:
            os.unlink(self._path(key))
        except FileNotFoundError:
            return False
        except IsADirectoryError:
            self._set_aside(self._path(key))
            return False
        return True

    def __iter__(self) -> Iterator[Record]:
        top = self._layout.below("records")
        for folder in sorted(os.listdir(top)):
            with contextlib.suppress(NotADirectoryError):
                for name in sorted(os.listdir(f"{top}/{folder}")):
                    found = _read(f"{top}/{folder}/{name}")
                    if found is not None:
                        yield found

    def _publish(self, draft: Draft, key: str, path: str) -> bool:
        for _ in range(_TRIES):
            try:
                draft.publish(path)
            except FileExistsError:
                if self.recall(key) is not None:
                    return False
                self._set_aside(path)
            else:
                return True
        raise CacheError(f"{path} cannot be replaced\nremove it and try again")

    def _path(self, key: str) -> str:
        # Hashed, so that any text is a key and none is a path.
        digits = blake3(key.encode("utf-8", "surrogatepass"), derive_key_context=_KEY_CONTEXT).hexdigest()
        # 16 folders, not 256: to make one costs as much as ten files, and a cold run of some hundred stages makes all.
        return f"{self._layout.root}/records/{digits[:1]}/{digits[1:]}"

    def _set_aside(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.rename(path, self._layout.below(f"quarantine/record-{os.urandom(8).hex()}"))


@functools.cache
def _encoder() -> Callable[[Any], str]:
    # Made once: `json.dumps` makes one for each call that asks for anything special.
    import json

    return json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def _packed(key: str, data: Mapping[str, Any]) -> bytes:
    raw = key.encode("utf-8", "surrogatepass")
    text = _encoder()(dict(data)).encode()
    return _MAGIC + b"%d %s\n" % (len(raw), _check(raw, text)) + raw + text


def _check(raw: bytes, data: bytes) -> bytes:
    length = len(raw).to_bytes(8, "little")
    return blake3(length + raw + data, derive_key_context=_CHECK_CONTEXT).hexdigest().encode()


def _read(path: str) -> Record | None:
    try:
        descriptor = open_regular(path)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        body = read_all(descriptor, status.st_size) if is_regular(status) else b""
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return _unpacked(body, status.st_mtime_ns)


def _unpacked(body: bytes, written_ns: int) -> Record | None:
    import json

    header, _, rest = body.partition(b"\n")
    try:
        length_text, check = header.removeprefix(_MAGIC).split(b" ")
        length = int(length_text)
    except ValueError:
        return None
    raw, text = rest[:length], rest[length:]
    if not header.startswith(_MAGIC) or len(raw) != length or _check(raw, text) != check:
        return None
    return Record(raw.decode("utf-8", "surrogatepass"), json.loads(text), written_ns)
