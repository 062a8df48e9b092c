"""Identity of code: what a stage reaches, from text; what it carries, from live values; what it used, from its run.

The names below are loaded when first asked for: the command needs few of them when nothing changed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pivot.fingerprint.analysis import Analysis, AnalysisInputs, Options, analyse
    from pivot.fingerprint.imports import ImportPath
    from pivot.fingerprint.observed import ImportFact, Observed
    from pivot.fingerprint.recorder import Recorder, recorder
    from pivot.fingerprint.roots import Root, root_of
    from pivot.fingerprint.summaries import Summaries
    from pivot.fingerprint.values import value_hash

__all__ = [
    "Analysis",
    "AnalysisInputs",
    "ImportFact",
    "ImportPath",
    "Observed",
    "Options",
    "Recorder",
    "Root",
    "Summaries",
    "analyse",
    "recorder",
    "root_of",
    "value_hash",
]

_HOMES = {
    "analysis": ("Analysis", "AnalysisInputs", "Options", "analyse"),
    "imports": ("ImportPath",),
    "observed": ("ImportFact", "Observed"),
    "recorder": ("Recorder", "recorder"),
    "roots": ("Root", "root_of"),
    "summaries": ("Summaries",),
    "values": ("value_hash",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"pivot.fingerprint.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
