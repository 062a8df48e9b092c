"""Values of parameters: make them, override them. Works on StageParams without importing pydantic."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pivot.registry.errors import DefinitionError
from pivot.registry.suggest import hint_for

Places = Mapping[str, object]
"""Where each field is set: `params.yaml:3:5` by its name."""


class Typed(str):
    """A value as somebody typed it: JSON, or text, whichever the field takes."""

    __slots__ = ()

    @property
    def value(self) -> Any:
        """Read it as JSON; text that is not JSON means itself."""
        try:
            return json.loads(self)
        except ValueError:
            return str(self)


def make_params(
    kind: type, values: Mapping[str, Any], where: object | None = None, places: Places | None = None
) -> Any:
    """Make parameters from fields, all validators run. Raises DefinitionError."""
    return _validated(kind, None, values, where, places or {})


def with_overrides(
    params: Any, overrides: Mapping[str, Any], where: object | None = None, places: Places | None = None
) -> Any:
    """Give new parameters with some fields set, all validators run.

    A mapping sets the given fields of a nested model, as `a.b` sets one; the values of other fields are replaced whole.

    Raises:
        DefinitionError: no such field, a value that a validator refuses, or validators that change their own results.
    """
    if not overrides:
        return params
    made = _validated(type(params), params, overrides, where, places or {})
    _refuse_unstable(params, where)
    return made


def _refuse_unstable(params: Any, where: object | None) -> None:
    """Refuse to validate values again that would come out otherwise: fields that nobody set would change too."""
    before = plain_values(params)
    try:
        again = plain_values(type(params).model_validate(before))
        stable = again == before or repr(again) == repr(before)  # NaN equals nothing
    except ValueError:
        stable = False
    if not stable:
        raise DefinitionError(
            f"a validator of {type(params).__qualname__} changes its own results, so its fields cannot be overridden",
            where=where,
            hint="Give the values in register(..., params=...), or let the validator leave its results alone.",
        )


def plain_values(params: Any) -> dict[str, Any]:
    """Give the fields of parameters as `model_validate` takes them: nested models as mappings, no computed fields."""
    values: dict[str, Any] = params.model_dump(round_trip=True, warnings=False)
    return values


def _validated(kind: Any, before: Any, given: Mapping[str, Any], where: object | None, places: Places) -> Any:
    """Take the first reading that the class accepts; if there is none, tell what is wrong with the first of all."""
    refused: DefinitionError | None = None
    for reading in _readings(before, given):
        try:
            return kind.model_validate(reading)
        except ValueError as error:
            refused = refused or _refusal(kind, error, where, places)
    assert refused is not None
    raise refused


def _readings(before: Any, given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield _merged(before, given, as_json=True, nested=True)
    yield _merged(before, given, as_json=False, nested=True)  # `--set train.name=123` for a field that is text
    yield _merged(before, given, as_json=True, nested=False)  # a nested model of another class


def _merged(before: Any, given: Mapping[str, Any], *, as_json: bool, nested: bool) -> dict[str, Any]:
    """Set fields of a model (or of a mapping, or of nothing); `nested` keeps the other fields of nested models."""
    merged = _known(before)
    for key, value in given.items():
        first, dot, rest = str(key).partition(".")
        inner = merged.get(first)
        if dot:
            merged[first] = _merged(inner, {rest: value}, as_json=as_json, nested=nested)
        elif nested and isinstance(value, Mapping) and hasattr(inner, "model_dump"):
            merged[first] = _merged(inner, value, as_json=as_json, nested=nested)
        else:
            merged[first] = _read(value, as_json=as_json)
    return {key: plain_values(value) if hasattr(value, "model_dump") else value for key, value in merged.items()}


def _known(before: Any) -> dict[str, Any]:
    if isinstance(before, Mapping):
        return dict(before)
    return {field: getattr(before, field) for field in getattr(type(before), "model_fields", ())}


def _read(value: Any, *, as_json: bool) -> Any:
    if not isinstance(value, Typed):
        return value
    return value.value if as_json else str(value)


def _refusal(kind: type, error: ValueError, where: object | None, places: Places) -> DefinitionError:
    """Tell what pydantic has against the values, in one line, with the next step."""
    details: list[Any] = getattr(error, "errors", lambda: [{"type": "", "loc": (), "msg": str(error)}])()
    location = next((detail["loc"] for detail in details if detail["loc"]), ())
    where = places.get(str(location[0]), where) if location else where
    for detail in details:
        if detail["type"] == "extra_forbidden":
            return _no_field(kind, detail["loc"], where)
    texts = [f"{_dotted(detail['loc'])}{detail['msg'][:1].lower()}{detail['msg'][1:]}" for detail in details]
    missing = [str(detail["loc"][-1]) for detail in details if detail["type"] == "missing"]
    hint = f"Give {', '.join(missing)} a value, or a default." if missing else "Give a value that the field takes."
    return DefinitionError(f"{kind.__qualname__}: {'; '.join(texts)}", where=where, hint=hint)


def _no_field(kind: type, location: tuple[object, ...], where: object | None) -> DefinitionError:
    owner = _owner(kind, location[:-1])
    field = str(location[-1])
    hint = hint_for(field, getattr(owner, "model_fields", {}), "fields")
    return DefinitionError(f"{owner.__qualname__} has no field {field}", where=where, hint=hint)


def _owner(kind: type, location: tuple[object, ...]) -> type:
    """Follow field names into nested models, as far as their classes are plain."""
    for part in location:
        inner = getattr(getattr(kind, "model_fields", {}).get(part), "annotation", None)
        if not isinstance(inner, type) or not hasattr(inner, "model_fields"):
            break
        kind = inner
    return kind


def _dotted(location: tuple[object, ...]) -> str:
    return f"{'.'.join(map(str, location))}: " if location else ""
