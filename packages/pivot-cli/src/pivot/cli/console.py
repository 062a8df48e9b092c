"""Where the command writes: stdout is data, stderr is progress and messages.

Plain ANSI, not rich: most commands print a few lines, and importing rich costs more than all of them.
"""

import contextlib
import enum
import os
import sys
from collections.abc import Mapping
from typing import NamedTuple, TextIO


class ColorMode(enum.StrEnum):
    """What `--color` asks for."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Mark(NamedTuple):
    """One sign before a line; never told by colour alone."""

    sign: str
    ascii: str
    color: str


RAN = Mark("✓", "+", "32")
RESTORED = Mark("=", "=", "36")
FAILED = Mark("✗", "x", "31")
RUNNING = Mark("▸", ">", "36")
HELD = Mark("!", "!", "33")
STALE = Mark("~", "~", "33")
FRESH = Mark("✓", "+", "2")

BOLD, DIM, RED, YELLOW, CYAN = "1", "2", "31", "33", "36"


def unheard() -> contextlib.AbstractContextManager[None]:
    """Go on when a message cannot be told: its reader has gone away, which is no reason to stop working.

    RuntimeError: an interrupt is told from a signal handler, which may come in the middle of another message.
    """
    return contextlib.suppress(OSError, ValueError, RuntimeError)


class Stream(NamedTuple):
    """One standard stream, and what it can show."""

    file: TextIO | None
    """None: closed by whoever started us."""
    color: bool = False
    unicode: bool = False
    terminal: bool = False
    """Whether lines may be redrawn."""

    def write(self, text: str) -> None:
        """Write text; what the encoding cannot say is escaped."""
        if self.file is None:
            return
        try:
            self.file.write(text)
        except UnicodeEncodeError:
            encoding = self.file.encoding or "ascii"
            self.write(text.encode(encoding, "backslashreplace").decode(encoding))
        except OSError as error:
            raise self._named(error) from None

    def flush(self) -> None:
        """Hand on what is buffered."""
        if self.file is None:
            return
        try:
            self.file.flush()
        except OSError as error:
            raise self._named(error) from None

    def _named(self, error: OSError) -> OSError:
        """Let an error of the system say which stream it is about."""
        error.filename = error.filename or getattr(self.file, "name", None)
        return error

    def paint(self, text: str, color: str) -> str:
        return f"\x1b[{color}m{text}\x1b[0m" if self.color and text else text

    def mark(self, mark: Mark) -> str:
        return self.paint(mark.sign if self.unicode else mark.ascii, mark.color)


class Console(NamedTuple):
    """Both streams, and how much to say."""

    out: Stream
    err: Stream
    verbosity: int = 0
    """-1 with `-q`, 1 with `-v`, 2 with `-vv`."""

    def data(self, line: str) -> None:
        """Write one line of what was asked for to stdout."""
        self.out.write(f"{line}\n")

    def say(self, line: str, level: int = 0) -> None:
        """Write one line of progress to stderr, unless the reader wants to hear less."""
        if self.verbosity >= level:
            with unheard():
                self.err.write(f"{line}\n")
                self.err.flush()

    def warn(self, line: str, hint: str | None = None) -> None:
        """Say what may be wrong without being an error."""
        self.say(f"{self.err.paint('pivot: warning:', YELLOW)} {line}")
        if hint:
            self.say(f"  {self.err.paint('hint:', CYAN)} {hint}")


def open_console(environ: Mapping[str, str], color: ColorMode = ColorMode.AUTO, verbosity: int = 0) -> Console:
    """Look at the standard streams as they are now."""
    return Console(look_at(sys.stdout, environ, color), look_at(sys.stderr, environ, color), verbosity)


def look_at(file: TextIO | None, environ: Mapping[str, str], color: ColorMode = ColorMode.AUTO) -> Stream:
    """Find out what a stream can show."""
    if file is None:
        return Stream(None)
    capable = is_terminal(file) and environ.get("TERM") != "dumb"
    return Stream(
        file,
        color=_wants_color(environ, color, capable),
        unicode=_knows_unicode(file, environ),
        terminal=capable and not environ.get("CI"),
    )


def is_terminal(file: TextIO | None) -> bool:
    """Tell whether a person reads a stream, on whatever terminal."""
    if file is None:
        return False
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return file.isatty()
    return False


def _wants_color(environ: Mapping[str, str], color: ColorMode, capable: bool) -> bool:
    if color is not ColorMode.AUTO:
        return color is ColorMode.ALWAYS
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") != "0" or environ.get("CLICOLOR_FORCE", "0") != "0":
        return True
    return capable


def _knows_unicode(file: TextIO, environ: Mapping[str, str]) -> bool:
    """Ask the locale too: Python writes UTF-8 under LC_ALL=C, to a terminal that does not read it."""
    if "utf" not in (getattr(file, "encoding", None) or "").lower():
        return False
    named = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    return "utf" in named.lower() or (not named and os.name == "nt")


def silence_stdout() -> None:
    """Let nothing more go to a stdout that cannot take it, so that the interpreter's last flush does not fail again."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
