"""state.db: one pipeline's local index. It saves time; deleting it costs time, never a wrong result."""

import contextlib
import marshal
from collections.abc import Iterable, Mapping
from typing import Any

from blake3 import blake3

from pivot.cache.lmdbrows import IndexLostError, Place, open_rows
from pivot.registry.types import StateDir

_MAP_SIZE = 64 << 20
_SCHEMA = "1"
_LETTERS = 2
"""Of a hash in hexadecimal: of 256 shelves."""


class StateDb:
    """Tables of one pipeline, each one packed value: ten thousand stages are one read, not ten thousand.

    Values are marshalled under a checksum. LMDB has none of its own, and marshal must not see damaged bytes; JSON
    would take five times as long.

    Sources of definitions, by canonical hash, lie on shelves, by the first letters of their hashes: one of thousands
    is asked for, when a change is to be shown. Not one row for each: to look for and to write five thousand takes
    three times as long. Not records of the shared store: with five definitions a stage they were most of the files
    that a cold run made.
    """

    def __init__(self, state_dir: StateDir) -> None:
        self._rows = open_rows(Place(str(state_dir), str(state_dir / "state.db"), "batch", map_size=_MAP_SIZE))

    def read(self, name: str) -> dict[str, Any]:
        """Read a table; empty if there is none that can be believed."""
        with contextlib.suppress(IndexLostError):
            (packed,) = self._rows.get_many([_key(name)])
            return _unpack(packed)
        return {}

    def sources(self, codes: Iterable[str]) -> dict[str, str]:
        """Give the sources of the definitions with these hashes, as far as they were kept."""
        wanted = set(codes)
        shelves = self._shelves(wanted).values()
        return {code: text for shelf in shelves for code, text in shelf.items() if code in wanted}

    def _shelves(self, codes: Iterable[str]) -> dict[str, dict[str, str]]:
        """Give the shelves on which the sources of these definitions belong, by what their hashes begin with."""
        names = list({code[:_LETTERS] for code in codes})
        with contextlib.suppress(IndexLostError):
            return dict(zip(names, map(_unpack, self._rows.get_many(map(_shelf_key, names))), strict=True))
        return {name: {} for name in names}

    def write(self, tables: Mapping[str, Mapping[str, Any]], sources: Mapping[str, str] = {}) -> None:
        """Replace tables, and add sources by hash, in one transaction.

        What another process adds to the same shelf at the very same time may be lost.
        """
        rows = {_key(name): _pack(dict(table)) for name, table in tables.items()}
        shelves = self._shelves(sources)
        for code, text in sources.items():
            shelves[code[:_LETTERS]][code] = text
        rows |= {_shelf_key(name): _pack(shelf) for name, shelf in shelves.items()}
        with contextlib.suppress(IndexLostError):
            self._rows.write(rows)

    def close(self) -> None:
        """Close the index."""
        self._rows.close()


def _key(name: str) -> bytes:
    return f"{name}:{_SCHEMA}".encode()


def _shelf_key(name: str) -> bytes:
    return f"sources:{name}:{_SCHEMA}".encode("utf-8", "surrogatepass")


def _pack(table: dict[str, Any]) -> bytes:
    body = marshal.dumps(table, 4)
    return blake3(body).digest(16) + body


def _unpack(packed: bytes | None) -> dict[str, Any]:
    if packed is None or blake3(packed[16:]).digest(16) != packed[:16]:
        return {}
    with contextlib.suppress(ValueError, EOFError, TypeError):
        table = marshal.loads(packed[16:])  # noqa: S302 - ours: local, and under a checksum
        return table if isinstance(table, dict) else {}
    return {}
