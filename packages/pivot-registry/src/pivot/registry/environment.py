"""All environment variables of the process at once: looked at before and after every stage."""

import os
from collections.abc import Mapping


def environment() -> dict[bytes, bytes]:
    """Take the variables down as they are, unrecorded.

    As bytes, from where `os.environ` keeps them: its methods would decode every name and value, for every stage.
    """
    data: Mapping[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]
    return dict(data)


def set_environment(wanted: Mapping[bytes, bytes]) -> None:
    """Make the variables as they were taken down; those that are right already are left alone."""
    now = environment()
    if now == wanted:
        return
    for name in now.keys() - wanted.keys():
        del os.environb[name]
    os.environb.update({name: value for name, value in wanted.items() if now.get(name) != value})
