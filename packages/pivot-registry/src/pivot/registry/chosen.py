"""The parameters that a stage is registered with."""

from collections.abc import Mapping
from typing import Any

from pivot.registry.errors import DefinitionError
from pivot.registry.params import make_params
from pivot.registry.signature import StageSignature


def params_of(taken: StageSignature, given: Any, what: str, where: str) -> Any:
    if taken.params_arg is None:
        if given is not None:
            raise DefinitionError(
                f"{what} is given params, but its function takes none",
                where=where,
                hint="Annotate a parameter of the function with a StageParams class.",
            )
        return None
    if given is None or isinstance(given, type):
        return _default_params(taken, given, what, where)
    kind = taken.params_class or type(given)
    if isinstance(given, Mapping):
        return make_params(kind, given, where)
    if not isinstance(given, kind) or not hasattr(kind, "model_validate"):
        raise DefinitionError(
            f"params of {what} must be a {kind.__qualname__}, not a {type(given).__qualname__}",
            where=where,
            hint=f"Write params={kind.__qualname__}(...).",
        )
    return given


def _default_params(taken: StageSignature, given: type | None, what: str, where: str) -> Any:
    """Take the function's default, else what the class makes without being told anything."""
    kind = given or taken.params_class
    if given is None and taken.params_arg in taken.defaults:
        return taken.defaults[taken.params_arg]
    if kind is None:
        raise DefinitionError(f"{what} needs params", where=where, hint="Write register(..., params=...).")
    try:
        return make_params(kind, {}, where)
    except DefinitionError as error:
        hint = f"Write register(..., params={kind.__qualname__}(...))."
        raise DefinitionError(f"{what} needs params: {error.what}", where=where, hint=hint) from None
