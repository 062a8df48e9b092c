"""The parameters of a stage function: their names, and what they are when nothing fills them."""

import inspect
import sys
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

from pivot.registry.errors import DefinitionError
from pivot.registry.place import innermost, is_bare

_ASYNC = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_KEYWORDS = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def parameters_of(func: Callable[..., Any], where: str) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Give the names that a keyword fills, and the defaults. Raises DefinitionError.

    Annotations are read elsewhere, as evaluating them may fail.
    """
    if is_bare(func):
        code = func.__code__
        if not code.co_posonlyargcount and not code.co_flags & _ASYNC:
            return _written(func, code)
    signature = _readable(func, where)
    defaults = {
        name: parameter.default
        for name, parameter in signature.parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }
    return tuple(_named(signature, where)), defaults


def _written(func: Any, code: CodeType) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Read them off the code. `inspect.signature` would do, at ten times the price."""
    given, count, more = func.__defaults__, code.co_argcount, code.co_kwonlyargcount
    names = code.co_varnames[: count + more]
    defaults = dict(zip(names[count - len(given) : count], given, strict=False)) if given else {}
    if more and (by_keyword := func.__kwdefaults__):
        defaults |= {name: value for name, value in by_keyword.items() if name in names}
    return names, defaults


def _readable(func: Callable[..., Any], where: str) -> inspect.Signature:
    if isinstance(func, type) or not callable(func):
        what = f"the class {func.__qualname__}" if isinstance(func, type) else f"a {type(func).__qualname__}"
        raise DefinitionError(f"{what} cannot be a stage", where=where, hint="Register a function.")
    if inspect.iscoroutinefunction(innermost(func)) or inspect.isasyncgenfunction(innermost(func)):
        raise DefinitionError(
            "an async function cannot be a stage", where=where, hint="Call it with asyncio.run() in a plain function."
        )
    try:
        return _signature(func)
    except (TypeError, ValueError):
        raise DefinitionError(
            "its parameters cannot be read", where=where, hint="Wrap it in a function with annotated parameters."
        ) from None


def _signature(func: Callable[..., Any]) -> inspect.Signature:
    if sys.version_info >= (3, 14):
        import annotationlib

        return inspect.signature(func, annotation_format=annotationlib.Format.STRING)
    return inspect.signature(func)


def _named(signature: inspect.Signature, where: str) -> Iterator[str]:
    for name, parameter in signature.parameters.items():
        if parameter.kind in _KEYWORDS:
            yield name
        elif parameter.kind not in _VARIADIC and parameter.default is inspect.Parameter.empty:
            raise DefinitionError(
                f"the parameter {name!r} is positional-only", where=where, hint="Stages are called with keywords only."
            )
