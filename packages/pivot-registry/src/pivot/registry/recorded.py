"""Parameters as JSON values: what lock files record and workers receive."""

import json
import math
from typing import Any

from pivot.registry.errors import DefinitionError
from pivot.registry.params import plain_values


def params_data(params: Any | None, where: object | None = None) -> dict[str, Any]:
    """Give parameters as JSON values that make the same parameters again, equal in every process.

    Sets are sorted, and so are the fields of nested models, but not the keys of mappings: a stage can tell their order.
    Numbers that JSON lacks are text (`"nan"`, `"inf"`).

    Raises:
        DefinitionError: a field does not survive the trip.
    """
    if params is None:
        return {}
    before = plain_values(params)
    try:
        written = params.model_dump(mode="json", round_trip=True, warnings=False)
        data: dict[str, Any] = {name: _canonical(item, getattr(params, name, None)) for name, item in written.items()}
    except ValueError as error:
        raise _unwritable(params, str(error).splitlines()[0], where) from None
    after = _read_again(params, data)
    for field, value in before.items():
        # A validator may change its own results (`return v * 2`): what is plain JSON is recorded whole all the same.
        if not _same(value, after.get(field)) and not (field in data and _same(value, written[field])):
            raise _unwritable(params, f"the field {field!r} becomes another", where)
    return data


def _read_again(params: Any, data: dict[str, Any]) -> dict[str, Any]:
    try:
        return plain_values(type(params).model_validate(data))
    except ValueError:
        return {}


def _canonical(written: Any, value: Any) -> Any:
    """Make JSON values equal in every process; `value` is what they were written from."""
    if isinstance(written, float) and not math.isfinite(written):
        return str(written)
    if isinstance(written, list):
        items = [_canonical(item, inner) for item, inner in zip(written, _beside(value, len(written)), strict=True)]
        return sorted(items, key=_sorted_text) if isinstance(value, set | frozenset) else items
    if isinstance(written, dict):
        is_mapping = isinstance(value, dict)
        inners = _beside(value, len(written)) if is_mapping else [getattr(value, key, None) for key in written]
        items = [(key, _canonical(item, inner)) for (key, item), inner in zip(written.items(), inners, strict=True)]
        return dict(items if is_mapping else sorted(items))
    return written


def _sorted_text(item: Any) -> str:
    return json.dumps(item, sort_keys=True)


def _beside(value: Any, count: int) -> list[Any]:
    """List what the items of a JSON value were written from, in the same order."""
    inners = list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list | tuple) else []
    return inners if len(inners) == count else [None] * count


def _same(first: Any, second: Any) -> bool:
    """Whether two values are equal, where NaN equals itself."""
    if isinstance(first, dict) and isinstance(second, dict):
        return list(first) == list(second) and all(_same(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple) and type(first) is type(second):
        return len(first) == len(second) and all(map(_same, first, second))
    return bool(first == second) or (first != first and second != second)


def _unwritable(params: Any, why: str, where: object | None) -> DefinitionError:
    return DefinitionError(
        f"{type(params).__qualname__} cannot be written as JSON and read again: {why}",
        where=where,
        hint="Use numbers, text, lists, mappings, dates, paths, enums and nested models of these.",
    )
