"""The parameters of a stage function, read off its code or asked of `inspect`."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from pivot.registry.errors import DefinitionError
from pivot.registry.parameters import parameters_of


def nothing() -> None: ...


def some(a: int, b: int = 1, *rest: int, c: int, d: int = 2, **others: int) -> None: ...


def all_have_defaults(a: int = 0, *, b: int = 1) -> None: ...


def positional(a: int = 0, /, b: int = 1) -> None: ...


def generator(a: int) -> Any:
    yield a


def marked(a: int) -> None: ...


marked.note = "registered elsewhere"  # type: ignore[attr-defined]


def pretending(a: int) -> None: ...


pretending.__signature__ = inspect.signature(some)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "func",
    [nothing, some, all_have_defaults, positional, generator, marked, pretending],
    ids=lambda func: func.__name__,
)
def test_they_are_what_inspect_says(func: Callable[..., Any]) -> None:
    told = inspect.signature(func).parameters.values()
    names = [one.name for one in told if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    defaults = {one.name: one.default for one in told if one.default is not one.empty}
    assert parameters_of(func, "pipeline.py:1") == (tuple(names), defaults)


async def asynchronous() -> None: ...


async def asynchronous_generator() -> Any:
    yield 1


@pytest.mark.parametrize("func", [asynchronous, asynchronous_generator])
def test_what_is_to_be_awaited_is_no_stage(func: Callable[..., Any]) -> None:
    with pytest.raises(DefinitionError, match="an async function cannot be a stage"):
        parameters_of(func, "pipeline.py:1")
