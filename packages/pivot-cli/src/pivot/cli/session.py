"""What the command line says before any command: where to work, how much to say. Made at the edge."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pivot.cli.console import ColorMode, Console, open_console
from pivot.registry.errors import DefinitionError


class Session(NamedTuple):
    """One call of the command."""

    environ: Mapping[str, str]
    directory: str | None = None
    """What `-C` says."""
    color: ColorMode = ColorMode.AUTO
    verbosity: int = 0

    def spelled(self, command: str) -> str:
        """Write how another command is called for the same directory."""
        place = "" if self.directory is None else f"-C {shlex.quote(self.directory)} "
        return f"pivot {place}{command}"

    def console(self) -> Console:
        """Open the streams, as they are now."""
        return open_console(self.environ, self.color, self.verbosity)

    def start(self) -> Path:
        """Find the directory that the command is about; nothing changes the process's own.

        Raises:
            DefinitionError: there is no such directory.
        """
        given = self.directory
        if given is not None and os.path.isabs(given):
            return _directory(given, given)
        try:
            here = os.getcwd()
        except OSError as error:
            raise DefinitionError(
                f"the current directory cannot be used: {error.strerror}",
                hint="Change to a directory that exists, or name one with -C.",
            ) from None
        return _directory(os.path.join(here, given or ""), given or here)


def _directory(path: str, spelled: str) -> Path:
    try:
        found = Path(path).resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a usable path"
        raise DefinitionError(f"{spelled}: {why}", hint="Name a directory that exists.") from None
    if not found.is_dir():
        raise DefinitionError(f"{spelled}: not a directory", hint="Name a directory that exists.")
    return found
