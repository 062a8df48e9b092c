"""On whose behalf a call is made: the first frame that is not plumbing of the standard library."""

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
from collections.abc import Callable
from typing import NamedTuple

_FROZEN = ("_collections_abc", "genericpath", "ntpath", "os", "posixpath")
_FILES = (_collections_abc, fnmatch, genericpath, glob, ntpath, os, posixpath)
_PLUMBING = frozenset([f"<frozen {name}>" for name in _FROZEN] + [str(module.__file__) for module in _FILES])
# A module until 3.12, a package since.
_PATHLIB = os.path.splitext(pathlib.__file__.replace("__init__.py", ""))[0]

_TRACERS = frozenset(["coverage", "debugpy", "pydevd", "_pydevd_bundle", "bdb", "pdb", "trace"])

_METADATA = ("importlib.metadata", "importlib_metadata", "pkg_resources")

IMPORT_SYSTEM = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")


class Caller(NamedTuple):
    """Who calls, and through which functions of the standard library."""

    frame: types.FrameType | None
    through: tuple[str, ...]
    """Names of the functions passed on the way, innermost first."""

    @property
    def filename(self) -> str:
        """The file of the calling code; empty if the interpreter itself calls."""
        return "" if self.frame is None else self.frame.f_code.co_filename


def caller(depth: int) -> Caller:
    """Find who calls the function `depth` frames above this one's caller."""
    frame: types.FrameType | None = sys._getframe(depth + 1)
    through = []
    while frame is not None and _is_plumbing(frame.f_code.co_filename):
        through.append(frame.f_code.co_name)
        frame = frame.f_back
    return Caller(frame, tuple(through))


def _is_plumbing(filename: str) -> bool:
    return filename in _PLUMBING or filename.startswith(_PATHLIB)


def is_tracing(frame: types.FrameType | None) -> bool:
    """Whether code belongs to a tool that watches the user's, as coverage and debuggers do: it asks for itself."""
    return _module(frame).partition(".")[0] in _TRACERS


def is_looking_for_packages(frame: types.FrameType | None) -> bool:
    """Whether code looks through the import path for metadata of installed packages: the rest is nothing to it."""
    return _module(frame).startswith(_METADATA)


def _module(frame: types.FrameType | None) -> str:
    return "" if frame is None else str(frame.f_globals.get("__name__", ""))


def is_importing(frame: types.FrameType | None, floor: types.CodeType | None = None) -> bool:
    """Whether code runs because a module is being imported. Below the function `floor` nothing is looked at."""
    while frame is not None and (code := frame.f_code) is not floor:
        if code.co_name == "_call_with_frames_removed" and code.co_filename in IMPORT_SYSTEM:
            return True
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


def functions_around(is_ours: Callable[[str], bool], floor: types.CodeType | None = None) -> set[types.CodeType | None]:
    """Give the user's functions that are being executed; None too in a thread, as who started it is not known."""
    frame: types.FrameType | None = sys._getframe(1)
    found: set[types.CodeType | None] = set()
    while frame is not None and (code := frame.f_code) is not floor:
        if is_ours(code.co_filename):
            found.add(code)
        frame = frame.f_back
    return found if threading.current_thread() is threading.main_thread() else {*found, None}


def module_statement(is_ours: Callable[[str], bool], floor: types.CodeType | None = None) -> tuple[str, int] | None:
    """Find the module-level statement of the user's that is being executed, nearest to the call: (module, line).

    In a thread that such a statement started, it is the one that the main thread executes.
    """
    frame: types.FrameType | None = sys._getframe(1)
    if threading.current_thread() is not threading.main_thread():
        started_by = sys._current_frames().get(threading.main_thread().ident or 0)
        return _module_statement(frame, is_ours, floor) or _module_statement(started_by, is_ours, floor)
    return _module_statement(frame, is_ours, floor)


def _module_statement(
    frame: types.FrameType | None, is_ours: Callable[[str], bool], floor: types.CodeType | None
) -> tuple[str, int] | None:
    while frame is not None and (code := frame.f_code) is not floor:
        if code.co_name == "<module>" and is_ours(code.co_filename):
            return str(frame.f_globals.get("__name__")), frame.f_lineno
        frame = frame.f_back
    return None
