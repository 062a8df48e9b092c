"""What may be the path of an input or an output."""

import os
import posixpath
import re
from collections.abc import Callable, Sequence

from pivot.registry.errors import DefinitionError

_LONGEST_PART = 255
_LONGEST = 4096
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}+(?:/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}+){0,30}+")
"""Most paths: nothing is wrong with these, and nothing is to be normalised."""
_FORBIDDEN = (".git", ".pivot")
_PIPELINE_FILES = ("pipeline.py", "pivot.yaml", "pivot.yml")
_NEXT = "Give a path like data/rows.csv, relative to the pipeline's root, with / between its parts."

Spec = str | list[str] | tuple[str, ...]
"""Checked paths: text alone means one value, a list or a tuple a list of values."""


def is_plain(spec: object) -> bool:
    """Whether something is the path of an input that `input_spec` would give back as it is."""
    return type(spec) is str and _PLAIN.fullmatch(spec) is not None


def is_plain_output(spec: object) -> bool:
    """Whether something is the path of an output that `output_spec` would give back as it is."""
    return is_plain(spec) and spec not in _PIPELINE_FILES


def input_spec(spec: object, what: str, where: object | None) -> Spec:
    """Check and normalise the path or the paths of an input. Raises DefinitionError."""
    return _spec(spec, lambda path: _input_path(path, what, where), what, where)


def output_spec(spec: object, what: str, where: object | None) -> Spec:
    """Check and normalise the path or the paths of an output. Raises DefinitionError."""
    return _spec(spec, lambda path: _output_path(path, what, where), what, where)


def paths_of(spec: object) -> tuple[str, ...]:
    """List the paths of a checked specification."""
    return (spec,) if isinstance(spec, str) else tuple(spec) if isinstance(spec, Sequence) else ()


def overlap(first: str, second: str) -> bool:
    """Whether two paths are one, or one lies inside the other."""
    return first == second or first.startswith(second + "/") or second.startswith(first + "/")


def _spec(spec: object, check: Callable[[object], str], what: str, where: object | None) -> Spec:
    if not isinstance(spec, list | tuple):
        return check(spec)
    if not spec:
        raise DefinitionError(f"{what} has an empty list of paths", where=where, hint="Give at least one path.")
    checked = [check(path) for path in spec]
    if len(set(checked)) < len(checked):
        twice = next(path for path in checked if checked.count(path) > 1)
        raise DefinitionError(f"{what} names {twice} twice", where=where, hint="Name every path once.")
    return checked if isinstance(spec, list) else tuple(checked)


def _input_path(path: object, what: str, where: object | None) -> str:
    text = _text(path, what, where)
    if is_plain(text):
        return text
    if why := _why_not_a_path(text):
        raise _refusal(text, what, where, why)
    return posixpath.normpath(text)


def _output_path(path: object, what: str, where: object | None) -> str:
    text = _text(path, what, where)
    if is_plain_output(text):
        return text
    if why := _why_not_a_path(text) or _why_no_output(posixpath.normpath(text)):
        raise _refusal(text, what, where, why)
    return posixpath.normpath(text)


def _text(path: object, what: str, where: object | None) -> str:
    if isinstance(path, str):
        return path
    if isinstance(path, os.PathLike) and isinstance(found := os.fspath(path), str):
        return found.replace(os.sep, "/")
    raise DefinitionError(f"{what}: a path must be text, not {path!r}", where=where, hint=_NEXT)


def _why_not_a_path(text: str) -> str | None:
    """Tell what is wrong with any path, input or output."""
    parts = text.split("/")
    if not text.strip():
        return "is empty"
    if not text.isprintable():
        return "has a control character"
    if "\\" in text:
        return "has a backslash"
    if text[0] == "~" and parts[0] == "~":
        return "begins with ~, which is not expanded"
    if any(part != part.strip() for part in parts):
        return "has a space at the beginning or the end of a part"
    if len(os.fsencode(text)) > _LONGEST or any(len(os.fsencode(part)) > _LONGEST_PART for part in parts):
        return f"is too long (a part may have {_LONGEST_PART} bytes, all of it {_LONGEST})"
    return None


def _why_no_output(path: str) -> str | None:
    """Tell what is wrong with an output's path. Whether `..` leaves the project is seen where the project is known."""
    parts = path.split("/")
    if path.startswith("/"):
        return "is absolute; outputs belong to the project"
    if parts[-1] in (".", ".."):
        return "is the pipeline's own directory, or one above it"
    if forbidden := next((part for part in parts if part in _FORBIDDEN), None):
        return f"lies in {forbidden}, which is not for outputs"
    if path in _PIPELINE_FILES:
        return "is the pipeline's own file"
    return None


def _refusal(path: str, what: str, where: object | None, why: str) -> DefinitionError:
    shown = repr(path) if len(path) <= 80 else f"{path[:60]!r}..."
    return DefinitionError(f"{what}: the path {shown} {why}", where=where, hint=_NEXT)
