"""Sizes, ages and parts as people write them."""

import re

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z%]*)")
_SIZES = {"": 1, "b": 1, **{unit: 1 << 10 * (power + 1) for power, unit in enumerate("kmgtp")}}
_AGES = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_557_600}


def size_of(text: str) -> int:
    """Read `200G`, `1.5 GiB` or `4096` as bytes; raise `ValueError`."""
    number, unit = _split(text, "200G")
    unit = re.sub(r"(?<=.)i?b$", "", unit.lower())
    if unit not in _SIZES:
        raise ValueError(f"{text!r} has no unit of size\nwrite it as 500M, 200G or 1.5T")
    return int(number * _SIZES[unit])


def age_of(text: str) -> float:
    """Read `30d`, `12h` or `90` as seconds; raise `ValueError`."""
    number, unit = _split(text, "30d")
    if unit.lower() not in _AGES:
        raise ValueError(f"{text!r} has no unit of time\nwrite it as 90s, 10m, 12h, 30d, 2w or 1y")
    return number * _AGES[unit.lower()]


def part_of(text: str) -> float:
    """Read `5%` or `0.05` as a part of the whole; raise `ValueError`."""
    number, unit = _split(text, "5%")
    part = number / 100 if unit == "%" else number
    if unit not in ("", "%") or not 0 < part <= 1:
        raise ValueError(f"{text!r} is no part of a whole\nwrite it as 5% or 0.05")
    return part


def _split(text: str, example: str) -> tuple[float, str]:
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no amount\nwrite it as {example}")
    return float(match[1]), match[2]


def size(count: float) -> str:
    """Write a number of bytes as `512 B`, `1.5 MiB` or `120 GiB`."""
    units = ("B", "KiB", "MiB", "GiB", "TiB")
    unit = 0
    while count >= 999.5 and unit < len(units) - 1:
        count, unit = count / 1024, unit + 1
    return f"{count:.0f} {units[unit]}" if unit == 0 or count >= 99.5 else f"{count:.1f} {units[unit]}"


def counted(number: int, noun: str, several: str = "") -> str:
    """Write `1 object`, `3 objects`."""
    return f"{number:,} {noun if number == 1 else several or noun + 's'}"
