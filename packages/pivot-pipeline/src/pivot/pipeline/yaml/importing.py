"""From `module.function` in `pivot.yaml` to the function."""

import importlib
import importlib.machinery
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from pivot.pipeline.errors import PipelineConfigError
from pivot.registry.suggest import hint_for


@contextmanager
def importable(directories: Sequence[str]) -> Iterator[None]:
    """Let modules of these directories be imported; `sys.path` is afterwards as it was."""
    before = list(sys.path)
    sys.path[:0] = [directory for directory in directories if directory not in before]
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = before


def function_of(reference: str, where: str, directories: Sequence[str]) -> Callable[..., Any]:
    """Import what a reference names; for use within `importable`. Raises PipelineConfigError."""
    parts = reference.split(".")
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):
        raise PipelineConfigError(
            f"{reference!r} does not name a function", where=where, hint="Write `python: module.function`."
        )
    _drop_namesake(parts[0], directories)
    module, rest = _module(parts, where, directories)
    found: Any = module
    for part in rest:
        if not hasattr(found, part):
            raise _no_attribute(module, reference, part, found, where)
        found = getattr(found, part)
    if not callable(found):
        raise PipelineConfigError(
            f"{reference} is a {type(found).__qualname__}, not a function", where=where, hint="Name a function."
        )
    return found  # type: ignore[no-any-return]


def _drop_namesake(name: str, directories: Sequence[str]) -> None:
    """Forget a module that has the name of one of ours, but lies elsewhere: another pipeline's `stages`."""
    spec = importlib.machinery.PathFinder.find_spec(name, list(directories))
    known = sys.modules.get(name)
    if spec is None or known is None:
        return
    ours, theirs = (
        _origins(spec.origin, spec.submodule_search_locations),
        _origins(getattr(known, "__file__", None), getattr(known, "__path__", None)),
    )
    if ours != theirs:
        for module in [module for module in sys.modules if module == name or module.startswith(f"{name}.")]:
            del sys.modules[module]


def _origins(file: str | None, directories: Any) -> list[str]:
    return [os.path.realpath(path) for path in ([file] if file else list(directories or ()))]


def _module(parts: Sequence[str], where: str, directories: Sequence[str]) -> tuple[ModuleType, Sequence[str]]:
    """Import the longest part of a reference that is a module: `stages.Trainer.fit` is of `stages`."""
    for length in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[:length])
        try:
            return importlib.import_module(name), parts[length:]
        except ModuleNotFoundError as error:
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise _failed(name, error, where) from None
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  (a module may raise anything, sys.exit() included)
            raise _failed(name, error, where) from None
    places = " or ".join(directories)
    raise PipelineConfigError(
        f"there is no module {parts[0]!r}" if len(parts) == 2 else f"there is no module {'.'.join(parts[:-1])!r}",
        where=where,
        hint=f"Put it into {places}, or install it.",
    )


def _failed(module: str, error: BaseException, where: str) -> PipelineConfigError:
    """Tell what went wrong where in the user's module, without the frames of the import system."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<frozen")]
    ours = os.path.dirname(os.path.abspath(__file__))
    theirs = [
        frame for frame in frames if not os.path.abspath(frame.filename).startswith((ours, importlib.__path__[0]))
    ]
    file, line = (theirs[-1].filename, theirs[-1].lineno) if theirs else (None, None)
    if isinstance(error, SyntaxError) and error.filename:
        file, line = error.filename, error.lineno
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    hint = f"See {file}:{line}." if file else f"`import {module}` must work."
    return PipelineConfigError(f"importing {module} fails: {what}", where=where, hint=hint)


def _no_attribute(module: ModuleType, reference: str, part: str, owner: Any, where: str) -> PipelineConfigError:
    functions = [name for name, value in vars(owner).items() if getattr(value, "__module__", None) == module.__name__]
    return PipelineConfigError(
        f"{reference}: {module.__name__} ({getattr(module, '__file__', None)}) has no {part}",
        where=where,
        hint=hint_for(part, functions, "functions"),
    )
