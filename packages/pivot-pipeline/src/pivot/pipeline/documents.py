"""YAML as plain data, with the place of everything in it. Reads no more than a person could have written."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pivot.pipeline.errors import PipelineConfigError

LARGEST = 1 << 20
"""Bytes of a file."""
DEEPEST = 40
MOST = 100_000
"""Values in a file, each as often as aliases repeat it."""

_CONTROL = re.compile("[^\\t\\n\\r\\x20-\\x7e\\x85\\xa0-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")

# The core schema of YAML 1.2, not PyYAML's 1.1: `on` is text, `012` is not octal, `1:30` is not 90.
_NULL = re.compile(r"(?:~|null|Null|NULL|)")
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)")
_NAN = re.compile(r"\.(?:nan|NaN|NAN)")
_BOOL: Mapping[str, bool] = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

_TAG = "tag:yaml.org,2002:"
_TAGS: Mapping[str, Callable[[str], Any]] = {f"{_TAG}str": str, f"{_TAG}int": int, f"{_TAG}float": float}


class Document(NamedTuple):
    """A file as data."""

    data: Any
    file: str
    """As messages spell it."""
    places: Mapping[tuple[str, ...], tuple[int, int]]
    """Keys and indices that lead to a value -> line and column, from 1."""

    def where(self, *path: object) -> str:
        """Say where a value stands, or the nearest one around it."""
        keys = tuple(map(str, path))
        while keys and keys not in self.places:
            keys = keys[:-1]
        line, column = self.places.get(keys, (1, 1))
        return f"{self.file}:{line}:{column}"


def read_document(path: Path, file: str | None = None) -> Document:
    """Read a YAML file. `file` is how messages spell it.

    Raises:
        PipelineConfigError: it cannot be read, is no YAML, has a key twice, or is larger than anybody writes.
    """
    file = file or str(path)
    text = _decoded(_bytes(path, file), file)
    if found := _CONTROL.search(text):
        raise _wrong(file, f"the character {found.group()!r} cannot stand in YAML", _position(text, found.start()))
    reader = _Reader(file, _events(text, file))
    return Document(reader.document(), file, reader.places)


def _bytes(path: Path, file: str) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise PipelineConfigError(f"cannot be read: {error.strerror or error}", where=file) from None
    if len(data) > LARGEST:
        raise PipelineConfigError(f"is larger than {LARGEST >> 20} MiB", where=file, hint="Generate stages in Python.")
    return data


def _decoded(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        raise _wrong(file, "is not UTF-8 text", (before.count(b"\n") + 1, column), "Save it as UTF-8.") from None


def _position(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - (text.rfind("\n", 0, index) + 1) + 1


def _wrong(file: str, what: str, at: tuple[int, int], hint: str | None = None) -> PipelineConfigError:
    return PipelineConfigError(what, where=f"{file}:{at[0]}:{at[1]}", hint=hint)


def _events(text: str, file: str) -> Iterator[Any]:
    import yaml

    try:
        yield from yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
        line = (text.splitlines() or [""])[min(at[0], text.count("\n") + 1) - 1 :][:1]
        hint = "Indent with spaces, not tabs." if line and "\t" in line[0] else None
        raise _wrong(file, f"is not YAML: {error.problem or error.context}", at, hint) from None


class _Value(NamedTuple):
    data: Any
    size: int
    """Values in it, itself included."""


class _Reader:
    """Builds data from parser events, so that nothing but plain values can come out."""

    def __init__(self, file: str, events: Iterator[Any]) -> None:
        self.places: dict[tuple[str, ...], tuple[int, int]] = {}
        self._file = file
        self._events = events
        self._anchors: dict[str, _Value | None] = {}
        """None: being read."""
        self._size = 0

    def document(self) -> Any:
        """Read the only document; None if the file is empty."""
        data, documents = None, 0
        for event in self._events:
            if type(event).__name__ == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    raise self._wrong(event, "has several documents", "Keep one, without `---` between.")
                data = self._value(next(self._events), ()).data
        return data

    def _value(self, event: Any, path: tuple[str, ...]) -> _Value:
        self.places.setdefault(path, (event.start_mark.line + 1, event.start_mark.column + 1))
        if type(event).__name__ == "AliasEvent":
            return self._alias(event)
        if len(path) > DEEPEST:
            raise self._wrong(event, f"is nested more than {DEEPEST} levels deep")
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        value = self._fresh(event, path)
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        return value

    def _fresh(self, event: Any, path: tuple[str, ...]) -> _Value:
        before = self._size
        self._grow(event, 1)
        match type(event).__name__:
            case "ScalarEvent":
                data = self._scalar(event)
            case "SequenceStartEvent":
                data = self._sequence(event, path)
            case _:
                data = self._mapping(event, path)
        return _Value(data, self._size - before)

    def _alias(self, event: Any) -> _Value:
        value = self._anchors.get(event.anchor)
        if value is None:
            why = "refers to itself" if event.anchor in self._anchors else "is not defined"
            raise self._wrong(event, f"the alias *{event.anchor} {why}")
        self._grow(event, value.size)
        return value

    def _grow(self, event: Any, count: int) -> None:
        self._size += count
        if self._size > MOST:
            raise self._wrong(event, f"has more than {MOST} values", "Generate stages in Python.")

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if event.tag in (None, "!"):
            return _resolved(text) if event.implicit[0] and event.tag is None else text
        if event.tag not in _TAGS:
            raise self._wrong(event, f"the tag {event.tag} is not supported", "Write plain values.")
        try:
            return _TAGS[event.tag](text)
        except ValueError:
            raise self._wrong(event, f"{text!r} is not of the type {event.tag.removeprefix(_TAG)}") from None

    def _sequence(self, event: Any, path: tuple[str, ...]) -> list[Any]:
        self._refuse_tag(event)
        items: list[Any] = []
        while type(inner := next(self._events)).__name__ != "SequenceEndEvent":
            items.append(self._value(inner, (*path, str(len(items)))).data)
        return items

    def _mapping(self, event: Any, path: tuple[str, ...]) -> dict[str, Any]:
        self._refuse_tag(event)
        items: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while type(inner := next(self._events)).__name__ != "MappingEndEvent":
            key = self._key(inner)
            if key in items:
                raise self._wrong(inner, f"the key {key!r} stands here a second time", "Keep one of them.")
            self.places[(*path, key)] = (inner.start_mark.line + 1, inner.start_mark.column + 1)
            value = self._value(next(self._events), (*path, key)).data
            if key == "<<" and inner.implicit[0]:
                merged = {**self._merge(inner, value), **merged}
            else:
                items[key] = value
        return {**merged, **items}

    def _key(self, event: Any) -> str:
        if type(event).__name__ != "ScalarEvent":
            raise self._wrong(event, "a key must be text")
        key = self._scalar(event)
        if not isinstance(key, str):
            raise self._wrong(event, f"the key {event.value} is not text", f'Quote it: "{event.value}".')
        return key

    def _merge(self, event: Any, value: Any) -> dict[str, Any]:
        mappings = value if isinstance(value, list) else [value]
        if not all(isinstance(mapping, dict) for mapping in mappings):
            raise self._wrong(event, "`<<` needs a mapping")
        return {key: item for mapping in reversed(mappings) for key, item in mapping.items()}

    def _refuse_tag(self, event: Any) -> None:
        if event.tag not in (None, "!", f"{_TAG}seq", f"{_TAG}map"):
            raise self._wrong(event, f"the tag {event.tag} is not supported", "Write plain values.")

    def _wrong(self, event: Any, what: str, hint: str | None = None) -> PipelineConfigError:
        return _wrong(self._file, what, (event.start_mark.line + 1, event.start_mark.column + 1), hint)


def _resolved(text: str) -> Any:
    """Give a plain scalar the type that it looks like."""
    if text in _BOOL:
        return _BOOL[text]
    if _NULL.fullmatch(text):
        return None
    if _INT.fullmatch(text) and len(text) <= 1000:
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text.replace(".inf", "inf").replace(".Inf", "inf").replace(".INF", "inf"))
    return float("nan") if _NAN.fullmatch(text) else text
