"""Check the settings file against the dataclasses that say what may stand in it. Imports yaml: see `config`."""

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from pivot.registry.errors import DefinitionError

T = TypeVar("T")
_MAX_BYTES = 64 * 1024
_TRUTH = {"true": True, "false": False}


def parse_settings(path: Path, shape: type[T]) -> T:
    """Read a YAML file of two levels into frozen dataclasses. Raises DefinitionError with file and line."""
    return _Settings(path).read(shape)


class _Settings:
    """One file being read; every mistake is told with its line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, shape: type[T]) -> T:
        """Give the dataclass that the file spells."""
        tree = self._compose()
        if tree is None:
            return shape()
        sections = get_type_hints(shape)
        values = {
            name: self._section(name, node, sections[name])
            for name, node in self._entries(tree, list(sections), "").items()
        }
        return shape(**values)

    def _compose(self) -> yaml.Node | None:
        data = self._path.read_bytes()
        if len(data) > _MAX_BYTES:
            raise DefinitionError("larger than a settings file may be (64 KiB)", where=self._path)
        try:
            return yaml.compose(data, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = self._path if mark is None else f"{self._path}:{mark.line + 1}:{mark.column + 1}"
            raise DefinitionError(f"not YAML: {getattr(error, 'problem', None) or error}", where=where) from None
        except (RecursionError, UnicodeError) as error:
            raise DefinitionError(f"not YAML that can be read: {error}", where=self._path) from None

    def _section(self, name: str, node: yaml.Node, shape: Any) -> Any:
        if _is_null(node):
            return shape()
        hints = get_type_hints(shape)
        entries = self._entries(node, list(hints), f"{name}.")
        given = {key: value for key, value in entries.items() if not _is_null(value)}
        return shape(**{key: self._value(f"{name}.{key}", value, hints[key]) for key, value in given.items()})

    def _entries(self, node: yaml.Node, known: list[str], prefix: str) -> Mapping[str, yaml.Node]:
        if _is_null(node):
            return {}
        if not isinstance(node, yaml.MappingNode):
            raise self._error(node, f"expected a mapping with the keys {', '.join(known)}")
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
                raise self._error(key, f"unknown key {prefix}{name}", hint)
            if name in found:
                raise self._error(key, f"{prefix}{name} is given twice")
            found[name] = value
        return found

    def _value(self, name: str, node: yaml.Node, wanted: Any) -> Any:
        if get_origin(wanted) is tuple:
            items = node.value if isinstance(node, yaml.SequenceNode) else [node]
            return tuple(self._value(name, item, get_args(wanted)[0]) for item in items)
        options = get_args(wanted) if get_origin(wanted) in (Union, UnionType) else (wanted,)
        return self._plain(name, node, next(option for option in options if option is not type(None)))

    def _plain(self, name: str, node: yaml.Node, wanted: Any) -> Any:
        if isinstance(node, yaml.ScalarNode):
            if get_origin(wanted) is Literal:
                # As written: YAML 1.1 reads `off` and `on` as truth values.
                if node.value in get_args(wanted):
                    return node.value
                raise self._error(node, f"{name}: expected one of {', '.join(get_args(wanted))}, not {node.value!r}")
            if (value := _READ[wanted](node.value)) is not None:
                return value
        raise self._error(node, f"{name}: expected {_NAMED[wanted]}")

    def _error(self, node: yaml.Node, what: str, hint: str | None = None) -> DefinitionError:
        mark = node.start_mark
        return DefinitionError(what, where=f"{self._path}:{mark.line + 1}:{mark.column + 1}", hint=hint)


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) < 10_000 else None


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 1e9 else None


_READ: Mapping[Any, Callable[[str], Any]] = {str: lambda text: text or None, int: _count, float: _seconds}
_NAMED: Mapping[Any, str] = {str: "text", int: "a whole number from 1 to 9999", float: "a number of seconds"}
