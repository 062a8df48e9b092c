"""What a stage may ask of whoever runs it: named amounts, tries, seconds. None of it is part of what the stage is."""

import math
import re
from collections.abc import Mapping
from typing import NewType

from pivot.registry.errors import DefinitionError

Amount = NewType("Amount", float)
Time = NewType("Time", float)
Tries = NewType("Tries", int)

# As text: settings name these types at every start, and compiling is for those who read one.
_SIZE = r"([0-9]+(?:\.[0-9]+)?) ?([kMGTPkmgtp]?)(?:[iI]?[bB])?"
_TIME = r"([0-9]+(?:\.[0-9]+)?) ?(s|m|min|h|d)?"
_SECONDS = {None: 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


def amount_of(given: object) -> Amount:
    """Read how much of something: a number, or a size such as `12G`.

    Raises:
        ValueError: it is neither; the message says what it should be.
    """
    # Powers of 1024, whatever the spelling, as Slurm, Docker and Java take them: nobody buys 12,000,000,000 bytes.
    if isinstance(given, str) and (found := re.fullmatch(_SIZE, given.strip())):
        return Amount(float(found[1]) * 1024.0 ** " KMGTP".index(found[2].upper() or " "))
    return Amount(_number(given, 'a number, or a size such as "12G"'))


def seconds_of(given: object) -> Time:
    """Read a time: a number of seconds, or text such as `10m`.

    Raises:
        ValueError: it is neither; the message says what it should be.
    """
    if isinstance(given, str) and (found := re.fullmatch(_TIME, given.strip())):
        return Time(float(found[1]) * _SECONDS[found[2]])
    return Time(_number(given, 'a number of seconds, or a time such as "10m"'))


def _number(given: object, wanted: str) -> float:
    if isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given < math.inf:
        return float(given)
    raise ValueError(f"expected {wanted}, not {given!r}")


def tries_of(given: object) -> Tries:
    """Read how many times more something is tried.

    Raises:
        ValueError: it is no small whole number; the message says what it should be.
    """
    if type(given) is int and 0 <= given < 1000:
        return Tries(given)
    raise ValueError(f"expected a whole number from 0 to 999, not {given!r}")


def told_amount(name: str, amount: float) -> str:
    """Write an amount as people do: `2 gpu`, `12 GiB of memory`."""
    return f"{amount / 1024**3:.4g} GiB of memory" if name == "memory" else f"{amount:g} {name}"


def spelled_amount(name: str, amount: float) -> str:
    """Write an amount as `amount_of` reads it, rounded up: `2`, `12G`."""
    if name == "memory":
        mebi = math.ceil(amount / 1024**2)
        return f"{mebi}M" if mebi % 1024 else f"{mebi // 1024}G"
    return f"{amount:.15g}"


def checked_resources(given: object, where: str, places: Mapping[str, str] = {}) -> dict[str, float]:
    """Read the resources that a stage needs. `places` tells where each is written, if that is known better.

    Raises:
        DefinitionError: they are no mapping of names to amounts.
    """
    example = 'Name each with its amount: {"gpu": 1, "memory": "12G"}.'
    if not isinstance(given, (dict, Mapping)):  # nearly always the first, and the second takes long to ask
        raise DefinitionError(f"resources must map names to amounts, not be {given!r}", where=where, hint=example)
    found: dict[str, float] = {}
    for name, amount in given.items():
        if not isinstance(name, str) or not name.strip():
            raise DefinitionError(f"a resource has a name, not {name!r}", where=where, hint=example)
        try:
            found[name] = amount_of(amount)
        except ValueError as error:
            place = places.get(name, where)
            raise DefinitionError(f"resource {name!r}: {error}", where=place, hint=example) from None
    return found


def checked_retries(given: object, where: str) -> int | None:
    """Read how many times more a stage is tried; None: the run says it. Raises DefinitionError."""
    try:
        return None if given is None else tries_of(given)
    except ValueError as error:
        raise DefinitionError(
            f"retries: {error}", where=where, hint="So many times more it is tried after a failure."
        ) from None


def checked_timeout(given: object, where: str) -> float | None:
    """Read how many seconds a stage may take; 0: any number, None: the run says it. Raises DefinitionError."""
    try:
        return None if given is None else seconds_of(given)
    except ValueError as error:
        raise DefinitionError(f"timeout: {error}", where=where, hint="0 means that it may take any time.") from None
