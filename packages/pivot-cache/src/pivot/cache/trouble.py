"""What the system says about files of a store, told as what it means and what to do about it."""

import errno
import functools
import os
from collections.abc import Callable, Iterator
from types import FunctionType, GeneratorType
from typing import Any, TypeVar

from pivot.cache.errors import UnusableError
from pivot.cache.files import SPACE, no_room

_ADVICE = {
    errno.EACCES: "check its permissions, and those of the folders above it",
    errno.EPERM: "check its permissions, and those of the folders above it",
    errno.EROFS: "the file system is mounted read-only",
    errno.ENOTDIR: "a store has something else there: move it away and try again",
    errno.EISDIR: "a store has something else there: move it away and try again",
    errno.ELOOP: "a store has something else there: move it away and try again",
    errno.EEXIST: "a store has something else there: move it away and try again",
    errno.ENOENT: "something has removed it: open the store again",
    errno.EMFILE: "close some files, or let this process open more (ulimit -n)",
    errno.ENFILE: "close some files, or let the system open more",
    errno.ENOMEM: "free some memory, or let this process have more (ulimit -v)",
}
_ELSE = "check the disk and its file system, and try again"

Class = TypeVar("Class", bound=type)


def tells_trouble(cls: Class) -> Class:
    """Let the public methods of a class raise `UnusableError` where the system refuses something in its store.

    A decorator, not a clause in each method: one that is forgotten would be a traceback only where a disk fails. What
    the system says about other files, those of the user, is left as it is.
    """
    for name in dir(cls):
        method = getattr(cls, name)
        if isinstance(method, FunctionType) and (name == "__init__" or not name.startswith("_")):
            setattr(cls, name, _telling(method))
    return cls


def _telling(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapped(self: Any, *args: Any, **more: Any) -> Any:
        try:
            given = method(self, *args, **more)
        except OSError as error:
            trouble = _told(error, _root(self, args))
            if trouble is None:
                raise
            raise trouble from error
        return _each(given, _root(self, args)) if isinstance(given, GeneratorType) else given

    return wrapped


def _each(given: Iterator[Any], root: str) -> Iterator[Any]:
    try:
        yield from given
    except OSError as error:
        trouble = _told(error, root)
        if trouble is None:
            raise
        raise trouble from error


def _root(store: Any, args: tuple[Any, ...]) -> str:
    root: str | os.PathLike[str] = getattr(store, "root", None) or os.path.abspath(args[0])  # while made, it has none
    return os.fspath(root)


def _told(error: OSError, root: str) -> Exception | None:
    """Make the error to be raised; None for one that is about a file of the user."""
    named = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    ours = [name for name in named if name == root or name.startswith(root + "/")]
    if named and not ours:
        return None
    # Of reads and writes the system does not say which file it was.
    place = ours[0] if ours else f"a file of the store {root}"
    if error.errno in SPACE:
        return no_room(root, os.path.basename(place), 0, error)
    return UnusableError(f"{place} cannot be used: {error.strerror}\n{_ADVICE.get(error.errno or 0, _ELSE)}")
