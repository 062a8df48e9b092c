"""Check the settings file against the tuples that say what may stand in it. Needs a YAML parser."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pivot.pipeline.documents import Document, read_document
from pivot.registry.amounts import Amount, Time, Tries, amount_of, seconds_of, tries_of
from pivot.registry.errors import DefinitionError
from pivot.registry.suggest import hint_for

T = TypeVar("T")


def parse_settings(path: Path, shape: type[T]) -> T:
    """Read a YAML file of two levels into named tuples of named tuples. Raises DefinitionError with file and line."""
    return _Settings(read_document(path)).read(shape)


class _Settings:
    """One file being read; every mistake is told with its place."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def read(self, shape: type[T]) -> T:
        """Give the tuple that the file spells."""
        sections = get_type_hints(shape)
        given = self._entries((), self._document.data, sections)
        return shape(**{name: self._section(name, value, sections[name]) for name, value in given.items()})

    def _section(self, name: str, value: object, shape: Any) -> Any:
        hints = get_type_hints(shape)
        given = self._entries((name,), value, hints)
        return shape(**{key: self._value((name, key), item, hints[key]) for key, item in given.items()})

    def _entries(self, path: tuple[str, ...], value: object, known: Mapping[str, Any]) -> Mapping[str, object]:
        """Give what a mapping sets; keys without a value count as not given."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self._error(path, f"expected a mapping with the keys {', '.join(known)}")
        for key in value:
            if key not in known:
                raise self._error(
                    (*path, key), f"unknown key {'.'.join((*path, str(key)))}", hint_for(key, known, "keys")
                )
        return {key: item for key, item in value.items() if item is not None}

    def _value(self, path: tuple[str, ...], value: object, wanted: Any) -> Any:
        if get_origin(wanted) is tuple:
            items = value if isinstance(value, list) else [value]
            return tuple(self._plain((*path, str(i)), item, get_args(wanted)[0]) for i, item in enumerate(items))
        if get_origin(wanted) is Mapping:
            if not isinstance(value, dict):
                raise self._error(path, f"{'.'.join(path)}: expected a mapping of names, not {value!r}")
            return {str(key): self._plain((*path, str(key)), item, get_args(wanted)[1]) for key, item in value.items()}
        options = get_args(wanted) if get_origin(wanted) in (Union, UnionType) else (wanted,)
        return self._plain(path, value, options[0])

    def _plain(self, path: tuple[str, ...], value: object, wanted: Any) -> Any:
        name = ".".join(path[:2])
        if get_origin(wanted) is Literal:
            if value in get_args(wanted):
                return value
            raise self._error(path, f"{name}: expected one of {', '.join(get_args(wanted))}, not {value!r}")
        if wanted in _READERS:
            return self._read(path, value, _READERS[wanted])
        if not _FITS[wanted](value):
            raise self._error(path, f"{name}: expected {_NAMED[wanted]}, not {value!r}")
        return wanted(value)

    def _read(self, path: tuple[str, ...], value: object, reader: Callable[[object], Any]) -> Any:
        try:
            return reader(value)
        except ValueError as error:
            raise self._error(path, f"{'.'.join(path)}: {error}") from None

    def _error(self, path: tuple[object, ...], what: str, hint: str | None = None) -> DefinitionError:
        return DefinitionError(what, where=self._document.where(*path), hint=hint)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_count(value: object) -> bool:
    return type(value) is int and 0 < value < 10_000


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


_FITS: Mapping[Any, Callable[[Any], bool]] = {str: _is_text, int: _is_count, float: _is_seconds}
_READERS: Mapping[Any, Callable[[object], Any]] = {Amount: amount_of, Time: seconds_of, Tries: tries_of}
_NAMED: Mapping[Any, str] = {str: "text", int: "a whole number from 1 to 9999", float: "a number of seconds"}
