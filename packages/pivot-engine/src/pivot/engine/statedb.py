"""state.db: one pipeline's local index. It saves time; deleting it costs time, never a wrong result."""

import contextlib
import marshal
from collections.abc import Mapping
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
    """

    def __init__(self, state_dir: StateDir) -> None:
        self._rows = open_rows(Place(str(state_dir), str(state_dir / "state.db"), "batch", map_size=_MAP_SIZE))

    def read(self, name: str) -> dict[str, Any]:
        """Read a table; empty if there is none that can be believed."""
        with contextlib.suppress(IndexLostError):
            (packed,) = self._rows.get_many([_key(name)])
            return _unpack(packed)
        return {}

    def write(self, tables: Mapping[str, Mapping[str, Any]]) -> None:
        """Replace tables, in one transaction."""
        with contextlib.suppress(IndexLostError):
            self._rows.write({_key(name): _pack(dict(table)) for name, table in tables.items()})

    def close(self) -> None:
        """Close the index."""
        self._rows.close()


def _key(name: str) -> bytes:
    return f"{name}:{_SCHEMA}".encode()


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
