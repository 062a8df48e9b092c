"""Hash live values by structure: the same in every process and on every machine, whatever addresses and hash seed."""

import copyreg
import enum
import io
import os
import pathlib
import pickle
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from blake3 import blake3

from pivot.fingerprint.callables import Code, anatomy, is_callable_by_code, is_standard

_LOCKS = {"_thread.lock", "_thread.RLock"}
_PIVOT = tuple(
    f"pivot.{leaf}" for leaf in ("pipeline", "registry", "outputs", "loaders", "stage_def", "discovery", "engine")
)
_MACHINERY = ("pivot.pipeline", "pivot.registry", "pivot.discovery", "pivot.engine")


class Identified(NamedTuple):
    """The identity of one value."""

    hash: str
    """64 hexadecimal digits."""
    code: tuple[Code, ...] = ()
    """Functions and classes met in the value, sorted: `hash` says who they are, their text what they do."""
    unknown: tuple[str, ...] = ()
    """Types met that nothing identifies; with any, `hash` says nothing."""


class Values:
    """Identifies values. Paths below `project`, as such or as text, count relative to it: a checkout may move."""

    def __init__(self, project: Path | None = None) -> None:
        self._prefixes = _prefixes(project)
        self._known: dict[bytes, Identified] = {}
        self._shared: dict[int, tuple[object, Identified]] = {}
        """By address; the object too, so that it stays the only one there."""

    def of(self, value: object) -> Identified:
        """Identify a value."""
        walk = _Walk(self._prefixes)
        digest = walk.of(value)
        return Identified(digest.hex(), tuple(sorted(walk.code)), tuple(dict.fromkeys(walk.unknown)))

    def of_small(self, value: object) -> Identified:
        """Identify a value that stages share, as the same object or as equal ones: a thousand have a few loaders."""
        if (known := self._shared.get(id(value))) is None:
            known = self._shared[id(value)] = (value, self._of_equal(value))
        return known[1]

    def _of_equal(self, value: object) -> Identified:
        """Identify a value as one that was pickled to the same bytes."""
        try:
            with io.BytesIO() as file:
                _Pickler(file, pickle.HIGHEST_PROTOCOL).dump(value)
                key = file.getvalue()
        except Exception:  # noqa: BLE001  (whatever a class of the user raises)
            return self.of(value)
        if (found := self._known.get(key)) is None:
            found = self._known[key] = self.of(value)
        return found


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        """Refuse what says itself what it is: that need not be what is pickled."""
        if hasattr(type(value), "__pivot_hash__"):
            raise pickle.PicklingError
        return NotImplemented


def value_hash(value: object, project: Path | None = None) -> Identified:
    """Identify one value, as `Values` does."""
    return Values(project).of(value)


def _prefixes(project: Path | None) -> tuple[str, ...]:
    if project is None:
        return ()
    return tuple(dict.fromkeys((os.path.abspath(project), os.path.realpath(project))))


def _digest(tag: str, *parts: bytes) -> bytes:
    state = blake3()
    for part in (tag.encode(), *parts):
        state.update(len(part).to_bytes(8, "big"))
        state.update(part)
    return state.digest()


_SCALARS: Mapping[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"",
    bool: lambda value: b"1" if value else b"0",
    int: lambda value: hex(value).encode(),  # str(int) refuses more than 4,300 digits
    float: lambda value: repr(value).encode(),
    complex: lambda value: repr(value).encode(),
    bytes: bytes,
    bytearray: bytes,
}


class _Walk:
    """One traversal.

    of
      _enter        a value that was met before, or contains itself
      _structure    by type
      _reduced      anything else: as it would be pickled, part by part
    """

    def __init__(self, prefixes: tuple[str, ...]) -> None:
        self.code: set[Code] = set()
        self.unknown: list[str] = []
        self._prefixes = prefixes
        self._done: dict[int, tuple[object, bytes]] = {}
        """The object too: a temporary's address is used again."""
        self._tangled: dict[int, tuple[object, bytes]] = {}
        """The same of members of a cycle, whose digests depend on where the walk came in."""
        self._open: dict[int, int] = {}
        self._outermost = sys.maxsize
        """Of the values being walked, the outermost that something inside refers back to."""
        self._in_set = False

    def of(self, value: Any) -> bytes:
        if (scalar := _SCALARS.get(type(value))) is not None:
            return _digest(type(value).__name__, scalar(value))
        if type(value) is str:
            return self._text(value)
        try:
            return self._enter(value)
        except RecursionError:
            return self._give_up(value, "nested too deeply")

    def _enter(self, value: Any) -> bytes:
        key = id(value)
        if (known := self._done.get(key) or self._tangled.get(key)) is not None:
            return known[1]
        depth = len(self._open)
        if key in self._open:
            self._outermost = min(self._outermost, self._open[key])
            return _digest("cycle", str(depth - self._open[key]).encode())
        self._open[key] = depth
        try:
            digest = self._structure(value)
        finally:
            del self._open[key]
        self._remember(value, digest, depth)
        return digest

    def _remember(self, value: Any, digest: bytes, depth: int) -> None:
        if self._outermost < depth:
            self._tangled[id(value)] = (value, _digest("again", str(len(self._tangled)).encode()))
            return
        remembered = self._done if self._outermost > depth else self._tangled
        remembered[id(value)] = (value, digest)
        self._outermost = sys.maxsize

    def _structure(self, value: Any) -> bytes:
        kind = type(value)
        if (take := _CONTAINERS.get(kind)) is not None:
            return take(self, value)
        if hasattr(kind, "__pivot_hash__"):
            return self._custom(value)
        for family, take in _FAMILIES:
            if isinstance(value, family):
                return take(self, value)
        if is_callable_by_code(value):
            return self._callable(value)
        if f"{kind.__module__}.{kind.__qualname__}" in _LOCKS or kind.__module__.startswith(_MACHINERY):
            return _digest("stateless", self.of(kind))
        return self._library(value)

    def _custom(self, value: Any) -> bytes:
        try:
            own = value.__pivot_hash__()
        except Exception as error:  # noqa: BLE001  (code of the user)
            return self._give_up(value, f"__pivot_hash__ raises {type(error).__name__}")
        return _digest("custom", self.of(type(value)), self.of(own))

    def _many(self, tag: str, parts: Iterable[Any]) -> bytes:
        return _digest(tag, *[self.of(part) for part in parts])

    def _text(self, value: str) -> bytes:
        for prefix in self._prefixes:
            if value == prefix or value.startswith(prefix + os.sep):
                return _digest(
                    "project path", value[len(prefix) :].replace(os.sep, "/").encode("utf-8", "surrogatepass")
                )
        return _digest("str", value.encode("utf-8", "surrogatepass"))

    def _sequence(self, value: Any) -> bytes:
        return self._many(type(value).__name__, value)

    def _set(self, value: Any) -> bytes:
        if self._in_set:
            return _digest(type(value).__name__, *sorted([self.of(item) for item in value]))
        self._in_set = True
        try:
            return _digest(type(value).__name__, *sorted([self._alone(item) for item in value]))
        finally:
            self._in_set = False

    def _alone(self, item: Any) -> bytes:
        """Walk an item of a set as if it were the first, so that the order of the set does not matter."""
        before = dict(self._tangled)
        try:
            return self.of(item)
        finally:
            self._tangled = before

    def _mapping(self, value: Mapping[Any, Any]) -> bytes:
        # In the order of insertion: who iterates sees it.
        return _digest("dict", *[self.of(part) for pair in value.items() for part in pair])

    def _path(self, value: pathlib.PurePath) -> bytes:
        return _digest("path", type(value).__name__.encode(), self._text(str(value)))

    def _member(self, value: enum.Enum) -> bytes:
        return _digest("enum", self.of(type(value)), str(value.name).encode())

    def _module(self, value: types.ModuleType) -> bytes:
        self.code.add(Code(value.__name__, ""))
        return _digest("module", value.__name__.encode())

    def _bytecode(self, value: types.CodeType) -> bytes:
        # Only where the text cannot tell; the key of a stage holds Python's version as well.
        shape = (value.co_argcount, value.co_posonlyargcount, value.co_kwonlyargcount, value.co_flags)
        names = (value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars)
        return self._many("bytecode", (value.co_code, *shape, *names, value.co_consts))

    def _cell(self, _: types.CellType) -> bytes:
        return _digest("empty cell")

    def _property(self, value: property) -> bytes:
        return self._many("property", (value.fget, value.fset, value.fdel))

    def _callable(self, value: Any) -> bytes:
        code, carried = anatomy(value)
        if not is_standard(code.module) and not code.module.startswith(_PIVOT):
            self.code.add(code)
        flat = [part for label, content in carried for part in (label.encode(), self.of(content))]
        return _digest("code", code.module.encode(), code.qualname.encode(), *flat)

    def _library(self, value: Any) -> bytes:
        for module, name, take in _LIBRARIES:
            if type(value) is getattr(sys.modules.get(module), name, None):
                return take(self, value)
        return self._reduced(value)

    def _array(self, value: Any) -> bytes:
        dtype, shape = self.of(value.dtype), self.of(value.shape)
        if value.dtype.hasobject:
            return _digest("array", dtype, shape, self.of(value.tolist()))
        return _digest("array", dtype, shape, value.tobytes())

    def _frame(self, value: Any) -> bytes:
        columns = [value.iloc[:, index] for index in range(value.shape[1])]
        return self._many("frame", (value.index, value.columns, dict(value.attrs), *columns))

    def _series(self, value: Any) -> bytes:
        index = value.index if hasattr(value, "index") and not callable(value.index) else None
        plain = value.dtype.kind in "biufcmM" and isinstance(value.dtype, sys.modules["numpy"].dtype)
        content = value.to_numpy() if plain else value.tolist()
        return self._many("series", (type(value), value.dtype, value.name, index, content))

    def _reduced(self, value: Any) -> bytes:
        reduce = copyreg.dispatch_table.get(type(value))
        try:
            reduced = reduce(value) if reduce else value.__reduce_ex__(4)
        except RecursionError:
            raise
        except Exception:  # noqa: BLE001  (whatever a class of the user raises, its value is not identified)
            return self._give_up(value)
        if isinstance(reduced, str):
            return _digest("global", self.of(type(value)), reduced.encode())
        return self._parts(value, *reduced)

    def _parts(self, value: Any, make: Any, args: Any, state: Any = None, *items: Any) -> bytes:
        if isinstance(state, dict) and "__wrapped__" in state:
            state = {name: part for name, part in state.items() if name not in _COPIED}
        try:
            several = [list(part) if part is not None else None for part in items[:2]]
        except Exception:  # noqa: BLE001  (the same)
            return self._give_up(value)
        return self._many("object", (type(value), make, args, state, *several))

    def _give_up(self, value: Any, why: str = "") -> bytes:
        kind = type(value)
        name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        self.unknown.append(f"{name} ({why})" if why else name)
        return _digest("unknown")


# What `functools.update_wrapper` copies for readers: the wrapped function has its own say.
_COPIED = frozenset(["__doc__", "__annotations__", "__annotate__", "__type_params__"])

_CONTAINERS: Mapping[type, Callable[[_Walk, Any], bytes]] = {
    list: _Walk._sequence,
    tuple: _Walk._sequence,
    set: _Walk._set,
    frozenset: _Walk._set,
    dict: _Walk._mapping,
    types.MappingProxyType: _Walk._mapping,
    types.ModuleType: _Walk._module,
    types.CodeType: _Walk._bytecode,
    types.CellType: _Walk._cell,
    property: _Walk._property,
}

_FAMILIES: tuple[tuple[type, Callable[[_Walk, Any], bytes]], ...] = (
    (pathlib.PurePath, _Walk._path),
    (enum.Enum, _Walk._member),
    (types.ModuleType, _Walk._module),
)

# By name: whoever has such a value has imported the library, and who has not never pays for it.
_LIBRARIES: tuple[tuple[str, str, Callable[[_Walk, Any], bytes]], ...] = (
    ("numpy", "ndarray", _Walk._array),
    ("pandas", "DataFrame", _Walk._frame),
    ("pandas", "Series", _Walk._series),
    ("pandas", "Index", _Walk._series),
)
