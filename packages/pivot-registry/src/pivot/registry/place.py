"""Where a function is written, for messages."""

import functools
import inspect
import os
import types
from pathlib import Path
from typing import Any


def is_bare(func: Any) -> bool:
    """Whether a function is as its `def` made it: nothing wraps it, nor says that it is other than it is."""
    return type(func) is types.FunctionType and not func.__dict__


def innermost(func: Any) -> Any:
    """Find the function that was written: below partials, methods, callable instances and wrappers."""
    if is_bare(func):
        return func
    seen: set[int] = set()
    while id(func) not in seen:
        seen.add(id(func))
        func = _below(func)
    return func


def _below(func: Any) -> Any:
    if isinstance(func, functools.partial):
        return func.func
    if isinstance(func, types.MethodType):
        return func.__func__
    if (wrapped := inspect.getattr_static(func, "__wrapped__", None)) is not None:
        return wrapped
    if isinstance(func, type | types.FunctionType | types.BuiltinFunctionType):
        return func
    return getattr(type(func), "__call__", func)  # noqa: B004  (the function itself is wanted)


def place_of(func: Any, base: Path | None = None) -> str:
    """Say where a function is written: `features/pipeline.py:41`, relative to `base` where it lies below."""
    code = getattr(innermost(func), "__code__", None)
    if code is None:
        return str(getattr(func, "__qualname__", type(func).__qualname__))
    return f"{shown(code.co_filename, base)}:{code.co_firstlineno}"


def shown(file: str, base: Path | None = None) -> str:
    """Spell a file for people."""
    if base is None:
        return os.path.basename(file)
    return _relative(file, str(base)) or _relative(file, os.path.realpath(base)) or file


def _relative(file: str, base: str) -> str | None:
    return file[len(base) + 1 :].replace(os.sep, "/") if file.startswith(base + os.sep) else None
