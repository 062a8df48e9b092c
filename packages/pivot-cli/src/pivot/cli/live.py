"""The part of the terminal that changes while stages run. Importing this imports rich."""

import os
import time
from collections.abc import Callable
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from pivot.cli.console import Stream, unheard
from pivot.cli.text import duration

SHOWN = 8
"""So many running stages have a line; the rest is a count."""
REDRAWN_PER_SECOND = 4


def own_terminal(stream: Stream) -> Stream:
    """Give the terminal under a descriptor of its own.

    A stage that runs in this process has its output sent to a log by moving descriptor 2; what redraws meanwhile
    must not follow.
    """
    assert stream.file is not None, "only a terminal has a region"
    copy = open(os.dup(stream.file.fileno()), "w", encoding=stream.file.encoding, errors="backslashreplace")  # noqa: SIM115
    return Stream(copy, stream.color, stream.unicode, stream.terminal)


class Region:
    """Running stages with their elapsed time, below what has been said."""

    def __init__(self, stream: Stream, clock: Callable[[], float] = time.monotonic) -> None:
        assert stream.file is not None, "only a terminal has a region"
        self._file: TextIO = stream.file
        self._sign = "▸" if stream.unicode else ">"
        self._clock = clock
        self._running: dict[str, float] = {}
        self._console = Console(file=self._file, force_terminal=True, no_color=not stream.color, highlight=False)
        self._live = Live(
            self,
            console=self._console,
            refresh_per_second=REDRAWN_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()
        # It hides the cursor. Whoever is stopped (Ctrl-Z) or killed could not show it again, and the shell does not.
        self._console.show_cursor()

    def start(self, name: str) -> None:
        """Show a stage as running."""
        self._running[name] = self._clock()

    def finish(self, name: str) -> None:
        """Show it no longer."""
        self._running.pop(name, None)

    def say(self, line: str) -> None:
        """Write a line that stays."""
        with unheard():
            self._console.print(Text.from_ansi(line), soft_wrap=True)

    def __rich__(self) -> Text:
        """Draw the running stages, the longest running first."""
        now = self._clock()
        running = sorted(self._running.copy().items(), key=lambda item: item[1])  # a copy: another thread draws
        lines = [f"  {self._sign} {name}  {duration(now - since)}" for name, since in running[:SHOWN]]
        if len(running) > SHOWN:
            lines.append(f"    and {len(running) - SHOWN} more")
        return Text("\n".join(lines), no_wrap=True, overflow="ellipsis")

    def close(self) -> None:
        """Take it off the screen."""
        with unheard():
            self._live.stop()
            self._file.close()
