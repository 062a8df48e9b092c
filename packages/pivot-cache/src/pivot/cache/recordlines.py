"""Lines of run-cache records: the hashed key, a check, the time, and a JSON array of key and data.

JSON has no newline in it, so nothing that is wrong with one line hides the next.
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from blake3 import blake3

_KEY_CONTEXT = "pivot.cache record key v1"
_CHECK_CONTEXT = "pivot.cache record check v1"
_LINE = re.compile(rb"^([0-9a-f]{64}) ([0-9a-f]{32}) (.+)$", re.MULTILINE)


class Record(NamedTuple):
    """One record as it lies in the store."""

    key: str
    data: dict[str, Any]
    written_ns: int
    """When it was written, by the clock of the system."""


def hashed(key: str) -> bytes:
    """Give the digits of a key: any text is one, and none is a path."""
    return blake3(key.encode("utf-8", "surrogatepass"), derive_key_context=_KEY_CONTEXT).hexdigest().encode()


def packed(digits: bytes, key: str, data: Mapping[str, Any], written_ns: int) -> bytes:
    """Give the line of a record; raise `TypeError` for what JSON does not have."""
    rest = b"%d %s" % (written_ns, _encoder()([key, dict(data)]).encode())
    return b"%s %s %s" % (digits, _check(digits, rest), rest)


def unpacked(line: bytes) -> Record:
    """Undo `packed`, for a line that is whole."""
    import json

    _, _, written, text = line.split(b" ", 3)
    key, data = json.loads(text)
    return Record(key, data, int(written))


def find(body: bytes, digits: bytes) -> bytes | None:
    """Give the first whole line of a key."""
    start = body.find(digits)
    if start < 0:
        return None  # as mostly
    return next((line[0] for line in _whole(body, start) if line[1] == digits), None)


def whole_lines(body: bytes) -> dict[bytes, bytes]:
    """Give the first whole line of each key."""
    found: dict[bytes, bytes] = {}
    for line in _whole(body):
        found.setdefault(line[1], line[0])
    return found


def _whole(body: bytes, start: int = 0) -> Iterator[re.Match[bytes]]:
    return (line for line in _LINE.finditer(body, start) if line[2] == _check(line[1], line[3]))


def _check(digits: bytes, rest: bytes) -> bytes:
    return blake3(digits + rest, derive_key_context=_CHECK_CONTEXT).hexdigest(16).encode()


@functools.cache
def _encoder() -> Callable[[Any], str]:
    # Made once: `json.dumps` makes one for each call that asks for anything special.
    import json

    return json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
