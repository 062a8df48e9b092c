"""What code of the user's raised, for people: where in their own code, every cause, and none of pivot's frames."""

import os
import sys
import traceback

_OURS = tuple(os.path.abspath(directory) + os.sep for directory in sys.modules["pivot"].__path__)
_LIBRARY = os.path.dirname(os.__file__) + os.sep
_MOST = 10
_PACKAGES = tuple(f"{os.sep}{name}-packages{os.sep}" for name in ("site", "dist"))


class LoaderError(Exception):
    """Could not read or write a file; the cause is what was raised, the message says which file."""


def make_room(error: BaseException) -> None:
    """Let go of what filled the memory, if that is what was raised: to go on takes some."""
    one: BaseException | None = error
    for _ in range(_MOST):  # what it was raised in the course of: to leave a block may have needed memory too
        if isinstance(one, MemoryError):
            traceback.clear_frames(one.__traceback__)
        one = None if one is None else one.__context__


def told(error: BaseException) -> tuple[str, str]:
    """Give a line that says what was raised, and where; and the whole, as Python would print it."""
    at, cause = "", error
    if isinstance(error, LoaderError) and error.__cause__ is not None:
        at, cause = f"{error}: ", error.__cause__
    whole = traceback.TracebackException.from_exception(cause)
    _leave_out_ours(whole)
    frames = list(whole.stack)
    own = [frame for frame in frames if not _is_of_a_library(frame.filename)] or ([] if at else frames)
    where = f"{os.path.basename(own[-1].filename)}:{own[-1].lineno}: " if own else ""
    line = _first_line(whole)
    text = "".join(whole.format()).removeprefix("Traceback (most recent call last):\n").rstrip("\n")
    return at + where + _shortened(line), "" if text == line else _shortened(text, 20_000)


def _leave_out_ours(whole: traceback.TracebackException) -> None:
    """Leave out pivot's own frames, of the causes and of the members of a group too."""
    rest = [whole]
    while rest:
        one = rest.pop()
        one.stack[:] = [frame for frame in one.stack if not frame.filename.startswith(_OURS)]
        rest += [other for other in (one.__cause__, one.__context__, *(one.exceptions or ())) if other is not None]


def _is_of_a_library(filename: str) -> bool:
    """Tell whether somebody else wrote it: the line that the user can mend is above."""
    return (
        not os.path.isabs(filename)  # made up, or where a library was compiled
        or filename.startswith(_LIBRARY)
        or any(name in filename for name in _PACKAGES)
    )


def _first_line(whole: traceback.TracebackException) -> str:
    """Give its type, and of its message the first line. A syntax error tells before that, indented, where it is."""
    lines = [line for line in "".join(whole.format_exception_only()).splitlines() if line.strip()]
    while lines and lines[0][0].isspace():
        del lines[0]
    if len(lines) > 1 and lines[0].endswith(": "):  # its message begins with an empty line
        return lines[0] + lines[1].strip()
    return lines[0] if lines else "failed"


def _shortened(text: str, limit: int = 500) -> str:
    return text if len(text) <= limit else f"{text[: limit // 2]} ... {text[-limit // 2 :]}"
