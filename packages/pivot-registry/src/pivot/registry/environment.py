"""What of a process is set all at once, and looked at before and after every stage: variables, warning filters."""

import os
import warnings
from collections.abc import Mapping
from typing import Any


def environment() -> dict[bytes, bytes]:
    """Take the variables down as they are, unrecorded.

    As bytes, from where `os.environ` keeps them: its methods would decode every name and value, for every stage.
    """
    data: Mapping[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]
    return dict(data)


def variable(name: bytes) -> bytes | None:
    """Give one variable, unrecorded; None if it is not set."""
    data: Mapping[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]
    return data.get(name)


def set_environment(wanted: Mapping[bytes, bytes]) -> None:
    """Make the variables as they were taken down; those that are right already are left alone."""
    now = environment()
    if now == wanted:
        return
    for name in now.keys() - wanted.keys():
        del os.environb[name]
    os.environb.update({name: value for name, value in wanted.items() if now.get(name) != value})


def filters() -> tuple[Any, ...]:
    """Take the warning filters down as they are."""
    return tuple(warnings.filters)


def set_filters(wanted: tuple[Any, ...]) -> None:
    """Make the warning filters as they were taken down."""
    if filters() != wanted:
        warnings.resetwarnings()  # this way the module notices that they are other ones
        warnings.filters[:] = wanted  # type: ignore[index]
