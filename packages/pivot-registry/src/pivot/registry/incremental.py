"""What a stage with an IncrementalOut starts from."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pivot.registry.paths import paths_of

if TYPE_CHECKING:
    from pivot.outputs import Out


def starting_points(
    incremental: Mapping[str, str], outs: Mapping[str, "Out[Any]"], defaults: Collection[str], root: Path
) -> dict[str, Any]:
    """Load what the last run left, by parameter. Without anything, a parameter with a default gets no argument."""
    found: dict[str, Any] = {}
    for arg, key in incremental.items():
        out = outs[key]
        values = [_restored(out, root / path) for path in paths_of(out.path)]
        nothing = all(value is None for value in values)
        if nothing and arg in defaults:
            continue
        found[arg] = values[0] if isinstance(out.path, str) else values
    return found


def _restored(out: "Out[Any]", path: Path) -> Any:
    loader: Any = out.loader
    return loader.load(path) if loader.hands_paths or path.exists() else None
