"""Why a stage must run, as data with names."""

import enum
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Kind(enum.StrEnum):
    """What sort of thing differs from what the lock file says."""

    NEVER_RAN = "never ran"
    LOCK = "lock"
    CODE = "code"
    PYTHON = "python"
    PARAM = "param"
    INPUT = "input"
    DECLARATION = "declaration"
    OUTPUT = "output"
    OBSERVED = "observed"
    UNKNOWN = "unknown"
    FORCED = "forced"
    UPSTREAM = "upstream"
    ANEW = "anew"


class Reason(NamedTuple):
    """One difference between now and when the stage last ran."""

    kind: Kind
    subject: str = ""
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        return _WORDS[self.kind](self)

    def to_data(self) -> dict[str, Any]:
        """Give the reason for `--json`: `text` for people, the rest for programs."""
        return {
            "kind": str(self.kind),
            "subject": self.subject,
            "before": self.before,
            "after": self.after,
            "text": str(self),
        }


def _change(reason: Reason) -> str:
    """Say how a named thing that has a hash differs."""
    if reason.before is None:
        return "is new"
    return "is gone" if reason.after is None else "changed"


_WORDS: Mapping[Kind, Callable[[Reason], str]] = {
    Kind.NEVER_RAN: lambda _: "never ran",
    Kind.LOCK: lambda r: f"its lock file cannot be used: {r.subject}",
    Kind.CODE: lambda r: f"code: {r.subject} {_change(r)}",
    Kind.PYTHON: lambda r: f"python {r.before or 'not tracked'} -> {r.after or 'not tracked'}",
    Kind.PARAM: lambda r: f"param {r.subject} {_value(r.before)} -> {_value(r.after)}",
    Kind.INPUT: lambda r: f"input {r.subject} {_change(r)}",
    Kind.DECLARATION: lambda r: f"declared {r.subject} changed",
    Kind.OUTPUT: lambda r: f"output {r.subject} {'is missing' if r.after is None else 'was modified'}",
    Kind.OBSERVED: lambda r: f"{r.subject} {_change(r)} (read, not declared)",
    Kind.UNKNOWN: lambda r: f"always stale: {r.subject}",
    Kind.FORCED: lambda _: "forced",
    Kind.ANEW: lambda r: f"output {r.subject} begins anew: what it was is neither in place nor in the cache",
    Kind.UPSTREAM: lambda r: f"input {r.subject} comes from {r.after}, which must run",
}


def _value(value: Any) -> str:
    return "(none)" if value is None else str(value)
