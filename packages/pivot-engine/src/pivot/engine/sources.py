"""Sources of definitions, kept in the store under their canonical hash, so that a change can be shown."""

from collections.abc import Iterable

from blake3 import blake3

from pivot.cache import Cache
from pivot.registry.definition import PipelineView


def _key(code: str) -> str:
    return blake3(code.encode(), derive_key_context="pivot source v1").hexdigest()


def remember_sources(cache: Cache, view: PipelineView, hashes: Iterable[str]) -> None:
    """Keep the sources of these definitions, where they are not kept already."""
    new = [code for code in sorted(set(hashes)) if cache.recall(_key(code)) is None]
    if new:
        for code, text in view.sources(new).items():
            cache.remember(_key(code), {"source": text})


def recall_source(cache: Cache, code: str) -> str | None:
    """Give the source of the definition that had this hash; None if it was never kept."""
    found = cache.recall(_key(code))
    return None if found is None else str(found.get("source", ""))
