"""What a stage is: its signature, its artifacts, its parameters; and the data that the other packages share."""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pivot.registry.defining import define
    from pivot.registry.registration import Registration, RegistryStageInfo
    from pivot.registry.registry import StageRegistry, UnknownStageError
    from pivot.registry.stage import stage_info

__all__ = ["Registration", "RegistryStageInfo", "StageRegistry", "UnknownStageError", "define", "stage_info"]

# Imported when asked for: an up-to-date run needs the types below this package, and no signature.
_HOMES: Mapping[str, str] = {
    "Registration": "registration",
    "RegistryStageInfo": "registration",
    "StageRegistry": "registry",
    "UnknownStageError": "registry",
    "define": "defining",
    "stage_info": "stage",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
