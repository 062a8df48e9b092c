"""Say durations, counts and foreign text as people read them."""

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_LAYOUT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def duration(seconds: float) -> str:
    """Write a duration as `18ms`, `2.1s`, `1m12s` or `2h05m`."""
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02}m"


def count(number: int, noun: str) -> str:
    """Write `1 stage`, `3 stages`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def one_line(text: str) -> str:
    """Make text of unknown origin safe for a terminal line: no escape sequence gets through."""
    return _CONTROL.sub(_escape, text)


def lines_of(text: str) -> list[str]:
    """Split text of unknown origin into lines that are safe for a terminal."""
    return [_CONTROL_BUT_LAYOUT.sub(_escape, line) for line in text.rstrip().splitlines()]


def _escape(match: re.Match[str]) -> str:
    return f"\\x{ord(match[0]):02x}"
