"""The `pivot` command."""

from pivot.cli.group import cli

__all__ = ["cli"]
