"""`${name}` in `pivot.yaml`."""

import re
from collections.abc import Mapping
from typing import Any

from pivot.pipeline.errors import PipelineConfigError
from pivot.registry.suggest import hint_for

_REFERENCE = re.compile(r"\$(\$)?\{([^}]*)\}")


def substituted(value: Any, names: Mapping[str, Any], where: str) -> Any:
    """Replace references in all text of a value. A text that is one reference becomes the value, with its type.

    `$${x}` is the text `${x}`.

    Raises:
        PipelineConfigError: a name that is not defined, or something that cannot stand within text.
    """
    if isinstance(value, Mapping):
        return {key: substituted(inner, names, where) for key, inner in value.items()}
    if isinstance(value, list):
        return [substituted(inner, names, where) for inner in value]
    return _in_text(value, names, where) if isinstance(value, str) else value


def _in_text(text: str, names: Mapping[str, Any], where: str) -> Any:
    whole = _REFERENCE.fullmatch(text)
    if whole and not whole[1]:
        return _value(whole[2], names, where)
    return _REFERENCE.sub(lambda found: _piece(found, names, where), text)


def _piece(found: re.Match[str], names: Mapping[str, Any], where: str) -> str:
    if found[1]:
        return found[0][1:]
    value = _value(found[2], names, where)
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        hint = "Only text, numbers and booleans can stand within text."
        raise PipelineConfigError(f"{found[0]} is {value!r}", where=where, hint=hint)
    return str(value)


def _value(name: str, names: Mapping[str, Any], where: str) -> Any:
    name = name.strip()
    if "${" in name:
        raise PipelineConfigError(f"${{{name}}}: references cannot be nested", where=where, hint="Name one value.")
    if name not in names:
        raise PipelineConfigError(f"${{{name}}} is not defined", where=where, hint=_hint(name, names))
    return names[name]


def _hint(name: str, names: Mapping[str, Any]) -> str:
    return hint_for(name, names, "names") if names else f"Define it: `vars: {{{name or 'region'}: ...}}`."
