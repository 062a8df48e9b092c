"""Say durations, counts and foreign text as people read them."""

import re
import time

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_LAYOUT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, the cursor
    r"|\x1b[]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC and other strings: titles, links
    r"|\x1b[ -/]*[0-~]?"
)
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def duration(seconds: float) -> str:
    """Write a duration as `18ms`, `2.1s`, `1m12s` or `2h05m`."""
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02}m"


def size(number: float) -> str:
    """Write a number of bytes as `512 B`, `1.5 MiB` or `120 GiB`."""
    unit = 0
    while number >= 999.5 and unit < len(_UNITS) - 1:
        number, unit = number / 1024, unit + 1
    return f"{number:.0f} {_UNITS[unit]}" if unit == 0 or number >= 99.5 else f"{number:.1f} {_UNITS[unit]}"


def moment(seconds: float) -> str:
    """Write a time of the wall clock as the reader's clock showed it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def count(number: int, noun: str) -> str:
    """Write `1 stage`, `3 stages`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def one_line(text: str) -> str:
    """Make text of unknown origin safe for a terminal line: no escape sequence gets through."""
    return _CONTROL.sub(_escape, text)


def lines_of(text: str) -> list[str]:
    """Split text of unknown origin into lines that are safe for a terminal."""
    return [_CONTROL_BUT_LAYOUT.sub(_escape, line) for line in text.rstrip().splitlines()]


def plain(line: str) -> str:
    """Give what a terminal would show of a line in the end: without control sequences, and not what was drawn over."""
    shown = line.rstrip("\r").rpartition("\r")[2]
    return _CONTROL_BUT_LAYOUT.sub("", _SEQUENCE.sub("", shown))


def _escape(match: re.Match[str]) -> str:
    return f"\\x{ord(match[0]):02x}"
