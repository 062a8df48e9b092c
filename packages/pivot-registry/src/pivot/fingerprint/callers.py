"""On whose behalf a call is made: the first frame that is not plumbing of the standard library.

Each look at `frame.f_code` is announced to audit hooks, the recorder's among them; one at `frame.f_globals` is not. So
who walks through many frames asks for the namespace first, and for the code only where that can make a difference.
"""

import _collections_abc
import fnmatch
import genericpath
import glob
import ntpath
import os
import pathlib
import posixpath
import sys
import threading
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

_FROZEN = ("_collections_abc", "genericpath", "ntpath", "os", "posixpath")
_FILES = (_collections_abc, fnmatch, genericpath, glob, ntpath, os, posixpath)
_PLUMBING = frozenset([f"<frozen {name}>" for name in _FROZEN] + [str(module.__file__) for module in _FILES])
# A module until 3.12, a package since.
_PATHLIB = os.path.splitext(pathlib.__file__.replace("__init__.py", ""))[0]

_TRACERS = frozenset(["coverage", "debugpy", "pydevd", "_pydevd_bundle", "bdb", "pdb", "trace"])

_METADATA = ("importlib.metadata", "importlib_metadata", "pkg_resources")

IMPORT_SYSTEM = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")
_IMPORTING = vars(sys.modules["_frozen_importlib"])

_OWN = __name__.rpartition(".")[0] + "."


class Caller(NamedTuple):
    """Who calls, and through which functions of the standard library."""

    frame: types.FrameType | None
    through: tuple[str, ...]
    """Names of the functions passed on the way, innermost first."""
    code: types.CodeType | None
    """What the frame executes."""

    @property
    def filename(self) -> str:
        """The file of the calling code; empty if the interpreter itself calls."""
        return "" if self.code is None else self.code.co_filename

    @property
    def module(self) -> str:
        """The name of the module it is in; empty if the interpreter itself calls."""
        return "" if self.frame is None else module_name(self.frame)


def caller(depth: int) -> Caller:
    """Find who calls the function `depth` frames above this one's caller."""
    frame: types.FrameType | None = sys._getframe(depth + 1)
    through: list[str] = []
    while frame is not None:
        code = frame.f_code
        filename = code.co_filename
        if filename not in _PLUMBING and not filename.startswith(_PATHLIB):
            return Caller(frame, tuple(through), code)
        through.append(code.co_name)
        frame = frame.f_back
    return Caller(None, tuple(through), None)


def module_name(frame: types.FrameType) -> str:
    """Name the module that code is in, without a look at the code."""
    return str(frame.f_globals.get("__name__", ""))


def is_tracing(module: str) -> bool:
    """Whether a module is of a tool that watches the user's code, as coverage and debuggers do: it asks for itself."""
    return module.partition(".")[0] in _TRACERS


def is_looking_for_packages(module: str) -> bool:
    """Whether a module looks through the import path for metadata of installed packages: the rest is nothing to it."""
    return module.startswith(_METADATA)


Floor = Mapping[str, Any]
"""The globals of the module that runs what is recorded: the frames below its own, a dozen and more, are not the user's.
"""


def is_importing(frame: types.FrameType | None, floor: Floor | None = None) -> bool:
    """Whether code runs because a module is being imported. Below the floor nothing is looked at."""
    while frame is not None:
        namespace = frame.f_globals
        if namespace is _IMPORTING and frame.f_code.co_name == "_call_with_frames_removed":
            return True
        if namespace is floor:
            return False
        frame = frame.f_back
    return False


def is_library_importing(is_ours: Callable[[str], bool]) -> bool:
    """Whether a call is made by the import of a module that is not the user's, for itself.

    What `import matplotlib` starts to list the machine's fonts is the library's affair, as its version is.
    """
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and not is_ours(frame.f_code.co_filename):
        # Text that is executed has a made-up file name, and belongs to whoever executes it.
        if frame.f_code.co_name == "<module>" and os.path.isabs(frame.f_code.co_filename):
            return True
        frame = frame.f_back
    return False


Users = tuple[Sequence[types.CodeType | None], tuple[str, int] | None]
"""Of whom it can be said that they use what is just being used.

The user's functions that are being executed, None too in a thread, as who started it is not known; and the module-level
statement of the user's that is being executed, nearest to the call: (module, line).
"""


def users(frame: types.FrameType | None, is_ours: Callable[[str], bool], floor: Floor | None = None) -> Users:
    """Find who uses what is just being used, from the frame that does; None: the one that calls the recorder.

    Below the floor nothing is looked at. In a thread that a module-level statement started, the statement is the one
    that the main thread executes.
    """
    found = _users(_calling() if frame is None else frame, is_ours, floor)
    main = threading.main_thread().ident or 0
    if threading.get_ident() == main:
        return found
    functions, statement = found
    return [*functions, None], statement or _users(sys._current_frames().get(main), is_ours, floor)[1]


def _calling() -> types.FrameType | None:
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and str(frame.f_globals.get("__name__")).startswith(_OWN):
        frame = frame.f_back
    return frame


def _users(frame: types.FrameType | None, is_ours: Callable[[str], bool], floor: Floor | None) -> Users:
    functions: list[types.CodeType | None] = []
    statement = None
    while frame is not None and frame.f_globals is not floor:
        code = frame.f_code
        if is_ours(code.co_filename):
            if not functions or functions[-1] is not code:  # one that calls itself may be there a thousand times
                functions.append(code)
            if statement is None and code.co_name == "<module>":
                statement = str(frame.f_globals.get("__name__")), frame.f_lineno
        frame = frame.f_back
    return functions, statement
