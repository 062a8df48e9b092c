"""The `pivot` command."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pivot.cli.group import cli

__all__ = ["cli"]


def __getattr__(name: str) -> Any:
    # Imported when asked for: `main` must hear signals before it imports anything that takes time.
    if name != "cli":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pivot.cli.group import cli

    return cli
