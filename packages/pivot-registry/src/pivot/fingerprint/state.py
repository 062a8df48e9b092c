"""What a process keeps between calls: caches of functions, containers and attributes at the top of modules.

A mark is compared with an earlier one of the same object. It looks at identities and sizes a few steps deep, never at
values: this is done around every stage.
"""

import functools
import sys
import types
from collections.abc import Iterable, Mapping
from types import FunctionType
from typing import Any

_DEEP = 3
_WIDE = 64
"""Of a larger container, this many elements are looked at besides its size."""
_FUNCTIONS = (FunctionType, functools._lru_cache_wrapper)
_UNBOUND = object()
_FLAT = (str, bytes, int, float, complex, type(None), types.ModuleType)


Kept = tuple[bool, Any]
"""The state of one binding: whether it is a function, for what that keeps it fills itself; and a mark.

A plain tuple: one with names takes as long to make as all else that is done for a function that keeps nothing.
"""

_identity = object.__hash__
"""As `id`, which is announced to audit hooks at each call."""


def state_of(names: Iterable[str], earlier: Mapping[str, Kept] = {}) -> dict[str, Kept]:
    """Mark the bindings with these qualified names (`features.text.TABLE`), as far as this process has them.

    `earlier` is what was found before, of these names or others, if no function has been given other defaults since:
    to ask for those of a function is announced to audit hooks, twice.
    """
    found: dict[str, Kept] = {}
    elsewhere = []
    modules = sys.modules
    for name in names:
        home, _, attribute = name.rpartition(".")
        if home in modules:
            value = modules[home].__dict__.get(attribute, _UNBOUND)
            before = earlier.get(name)
            if before is not None and before[1] is value and type(value) is FunctionType and not value.__dict__:
                found[name] = before
            elif value is not _UNBOUND:
                found[name] = isinstance(value, _FUNCTIONS), _mark(value, _DEEP)
        elif home and attribute.isidentifier() and " " not in home:
            elsewhere.append((name, home, attribute))
    return {**found, **_by_stems(elsewhere)} if elsewhere else found


def _by_stems(names: Iterable[tuple[str, str, str]]) -> dict[str, Kept]:
    """Mark the bindings of modules that have other names: pipeline files count under their stems, wherever they lie."""
    modules = _by_stem()
    found = {}
    for name, home, attribute in names:
        values = [vars(module)[attribute] for module in modules.get(home, []) if attribute in vars(module)]
        if values:
            found[name] = all(isinstance(one, _FUNCTIONS) for one in values), [_mark(one, _DEEP) for one in values]
    return found


def _by_stem() -> dict[str, list[types.ModuleType]]:
    found: dict[str, list[types.ModuleType]] = {}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and isinstance(module, types.ModuleType):
            found.setdefault(file.rpartition("/")[2].removesuffix(".py"), []).append(module)
    return found


def changed(before: Mapping[str, Kept], after: Mapping[str, Kept]) -> dict[str, bool]:
    """Give the bindings that are not as they were, and whether each is a function."""
    return {name: kept[0] for name, kept in after.items() if before.get(name) != kept}


def _mark(value: Any, deep: int) -> Any:
    if deep and type(value) is FunctionType and _keeps_nothing(value):
        return value  # as most are: there is no more to mark than itself
    # By its type: `isinstance` also asks what is none of these for its class, once for each.
    if deep == 0 or issubclass(type(value), _FLAT):
        return _identity(value)
    return _identity(value), *[_mark(part, deep - 1) for part in _parts(value)]


def _keeps_nothing(function: FunctionType) -> bool:
    """Tell whether it is as most are."""
    return not (function.__closure__ or function.__defaults__ or function.__kwdefaults__ or function.__dict__)


def _parts(value: Any) -> list[Any]:
    """Give what an object may keep things in."""
    if isinstance(value, functools._lru_cache_wrapper):
        return [value.cache_info().misses]
    if isinstance(value, FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or () if _is_filled(cell)]
        return [*cells, *filter(None, (value.__defaults__, value.__kwdefaults__, value.__dict__))]
    if isinstance(value, (staticmethod, classmethod)):
        return [value.__func__]
    if isinstance(value, dict):
        return [len(value), *list(value.values())[-_WIDE:]]
    if isinstance(value, (list, tuple)):
        return [len(value), *value[-_WIDE:]]
    own = getattr(value, "__dict__", None)
    parts = list(own.values()) if isinstance(own, (dict, types.MappingProxyType)) else []
    if type(value).__module__ in _SIZED and hasattr(type(value), "__len__") and not isinstance(value, type):
        parts.append(len(value))
    return parts


_SIZED = ("builtins", "collections", "weakref", "array", "queue")


def _is_filled(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False
