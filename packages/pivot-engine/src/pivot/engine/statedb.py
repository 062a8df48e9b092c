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


class StateDb:
    """Tables of one pipeline, each one packed value: ten thousand stages are one read, not ten thousand.

    Values are marshalled under a checksum. LMDB has none of its own, and marshal must not see damaged bytes; JSON
    would take five times as long.

    Sources of definitions, by canonical hash, are rows of their own: one of thousands is asked for, when a change is
    to be shown. Not records of the shared store: with five definitions a stage they were most of the files that a
    cold run made.
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
        wanted = list(codes)
        with contextlib.suppress(IndexLostError):
            found = map(_unpack, self._rows.get_many(map(_source_key, wanted)))
            return {code: str(row["source"]) for code, row in zip(wanted, found, strict=True) if "source" in row}
        return {}

    def write(self, tables: Mapping[str, Mapping[str, Any]], sources: Mapping[str, str] = {}) -> None:
        """Replace tables, and add sources by hash, in one transaction."""
        rows = {_key(name): _pack(dict(table)) for name, table in tables.items()}
        rows |= {_source_key(code): _pack({"source": text}) for code, text in sources.items()}
        with contextlib.suppress(IndexLostError):
            self._rows.write(rows)

    def close(self) -> None:
        """Close the index."""
        self._rows.close()


def _key(name: str) -> bytes:
    return f"{name}:{_SCHEMA}".encode()


def _source_key(code: str) -> bytes:
    return b"source:" + blake3(code.encode()).digest()


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
