"""Values of parameters: overrides, JSON, text from a command line. Works on StageParams without importing pydantic."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pivot.registry.errors import DefinitionError
from pivot.registry.suggest import hint_for


class Setting(NamedTuple):
    """One `--set stage.field=value`."""

    stage: str
    """As it was spelled: `train`, or `model:train`."""
    field: str
    """`learning_rate`, or `optimizer.decay` for one of a nested model."""
    text: str

    @property
    def override(self) -> dict[str, Any]:
        """The override for `with_overrides`: JSON where the text is JSON, else the text."""
        return {self.field: Typed(self.text)}


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


def parse_setting(text: str, stages: Iterable[str]) -> Setting:
    """Take `stage.field=value` apart; the names of stages may have dots too. Raises DefinitionError."""
    left, equals, _ = text.partition("=")
    known = sorted(stages, key=len, reverse=True)
    # A stage's name may have `=` as well: the longest that fits wins.
    for stage in known:
        if text.startswith(f"{stage}.") and "=" in text[len(stage) + 1 :]:
            field, _, rest = text[len(stage) + 1 :].partition("=")
            if field.strip():
                return Setting(stage, field.strip(), rest)
    stage, dot, field = left.partition(".")
    if not (equals and dot and stage and field):
        raise DefinitionError(f"cannot understand --set {text}", hint="Write --set stage.field=value.")
    raise DefinitionError(f"--set {text}: there is no stage {stage}", hint=hint_for(stage, known, "stages"))


def with_overrides(params: Any, overrides: Mapping[str, Any], where: object | None = None) -> Any:
    """Give new parameters with some fields set, all validators run. `a.b` sets a field of a nested model.

    Raises:
        DefinitionError: no such field, or a value that a validator refuses.
    """
    if not overrides:
        return params
    known = plain_values(params)
    first = _merged(known, overrides, typed=True)
    try:
        return type(params).model_validate(first)
    except ValueError as error:
        second = _merged(known, overrides, typed=False)
        if second != first:
            # `--set train.name=123` for a field that is text.
            try:
                return type(params).model_validate(second)
            except ValueError:
                pass
        raise invalid(type(params), error, where) from None


def make_params(kind: type, values: Mapping[str, Any], where: object | None = None) -> Any:
    """Make parameters from fields, all validators run. Raises DefinitionError."""
    try:
        return kind.model_validate(_merged({}, values, typed=True))  # type: ignore[attr-defined]
    except ValueError as error:
        raise invalid(kind, error, where) from None


def plain_values(params: Any) -> dict[str, Any]:
    """Give the fields of parameters as `model_validate` takes them: nested models as mappings, no computed fields."""
    values: dict[str, Any] = params.model_dump(round_trip=True, warnings=False)
    return values


def params_data(params: Any | None, where: object | None = None) -> dict[str, Any]:
    """Give parameters as JSON values that make the same parameters again, equal in every process.

    Sets are sorted, and numbers that JSON lacks are text (`"nan"`, `"inf"`).

    Raises:
        DefinitionError: a field does not survive the trip.
    """
    if params is None:
        return {}
    try:
        written = params.model_dump(mode="json", round_trip=True, warnings=False)
        data: dict[str, Any] = _canonical(written, plain_values(params))
        again = plain_values(type(params).model_validate(data))
    except ValueError as error:
        raise _unwritable(params, str(error).splitlines()[0], where) from None
    for field, value in plain_values(params).items():
        if not _same(value, again.get(field)):
            raise _unwritable(params, f"the field {field!r} does not survive it", where)
    return data


def invalid(kind: type, error: ValueError, where: object | None = None) -> DefinitionError:
    """Tell what pydantic has against the values, one line, with the next step."""
    details = _details(error)
    texts = [f"{_dotted(detail['loc'])}{detail['msg'][:1].lower()}{detail['msg'][1:]}" for detail in details]
    extra = next((detail for detail in details if detail["type"] == "extra_forbidden"), None)
    if extra is not None:
        field, owner = str(extra["loc"][-1]), _owner(kind, extra["loc"][:-1])
        what = f"{owner.__qualname__} has no field {_dotted(extra['loc'])[:-2]}"
        return DefinitionError(what, where=where, hint=hint_for(field, _fields(owner), "fields"))
    missing = [str(detail["loc"][-1]) for detail in details if detail["type"] == "missing"]
    hint = f"Give {', '.join(missing)} a value, or a default." if missing else "Give a value that the field takes."
    return DefinitionError(f"{kind.__qualname__}: {'; '.join(texts)}", where=where, hint=hint)


def _details(error: ValueError) -> list[dict[str, Any]]:
    """List what pydantic found; a plain ValueError says one thing."""
    found: list[dict[str, Any]] = getattr(error, "errors", lambda: [{"type": "", "loc": (), "msg": str(error)}])()
    return found


def _merged(known: Mapping[str, Any], overrides: Mapping[str, Any], *, typed: bool) -> dict[str, Any]:
    """Set fields, those of nested models one by one, so that the others keep their values."""
    merged = dict(known)
    for key, value in overrides.items():
        first, dot, rest = str(key).partition(".")
        if dot:
            value = {rest: value}
        inner = merged.get(first)
        if isinstance(value, Mapping) and (dot or isinstance(inner, dict)):
            merged[first] = _merged(inner if isinstance(inner, dict) else {}, value, typed=typed)
        else:
            merged[first] = _untyped(value, typed)
    return merged


def _untyped(value: Any, typed: bool) -> Any:
    if isinstance(value, Typed):
        return value.value if typed else str(value)
    return value


def _dotted(location: Sequence[object]) -> str:
    return f"{'.'.join(map(str, location))}: " if location else ""


def _fields(kind: type) -> list[str]:
    return list(getattr(kind, "model_fields", {}))


def _owner(kind: type, location: Sequence[object]) -> type:
    """Follow field names into nested models, as far as their classes are plain."""
    for part in location:
        field = getattr(kind, "model_fields", {}).get(part)
        inner = getattr(field, "annotation", None)
        if not isinstance(inner, type) or not hasattr(inner, "model_fields"):
            break
        kind = inner
    return kind


def _canonical(written: Any, value: Any) -> Any:
    """Make JSON values equal in every process, with the values they come from beside them."""
    if isinstance(written, float) and not math.isfinite(written):
        return str(written)
    if isinstance(written, list):
        if isinstance(value, set | frozenset):
            return sorted(
                (_canonical(item, None) for item in written), key=lambda item: json.dumps(item, sort_keys=True)
            )
        values = value if isinstance(value, list | tuple) and len(value) == len(written) else [None] * len(written)
        return [_canonical(item, inner) for item, inner in zip(written, values, strict=True)]
    if isinstance(written, dict):
        inners = (
            list(value.values()) if isinstance(value, dict) and len(value) == len(written) else [None] * len(written)
        )
        return {key: _canonical(item, inner) for (key, item), inner in zip(written.items(), inners, strict=True)}
    return written


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
