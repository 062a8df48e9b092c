"""Which permission a path lacks, for messages: the system says only that something was denied."""

import os
from collections.abc import Callable

_FLAGS = {"r": os.R_OK, "w": os.W_OK, "x": os.X_OK}


def remedy(path: str, may: Callable[[str, int], bool] = os.access) -> str:
    """Give the command that permits what was denied; empty if nothing can be found that is not permitted.

    What does not exist is to be made, and what may be read and written is to be replaced: both is up to its folder.
    """
    place = os.path.abspath(path)
    letters = "rwx" if os.path.isdir(place) else "rw"
    while place != (parent := os.path.dirname(place)):
        if os.path.lexists(place):
            missing = "".join(letter for letter in letters if not may(place, _FLAGS[letter]))
            if missing:
                return f"chmod u+{missing} {place}"
            # Its folder must let names come and go; those further up need only be passed.
            letters = "wx" if place == os.path.abspath(path) else "x"
        elif letters == "rw":
            letters = "wx"
        place = parent
    return ""
