"""Why a stage would run: every difference by its name, with its source and the way to it."""

import ast
import difflib
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pivot.executor.decide import Decision, Skip
from pivot.executor.reasons import Kind, Reason
from pivot.executor.trace import Facts, Trace
from pivot.registry.definition import Manifest, StageDefinition
from pivot.registry.types import StageRef

if TYPE_CHECKING:
    from pivot.engine.session import PipelineSession


_SHOWN = 60
"""Characters of a constant's value that an explanation shows."""


class Change(NamedTuple):
    """One reason, as far as it can be shown."""

    reason: Reason
    words: str
    """The reason for people; of a constant with its values: `constant: cfg.THRESHOLD 0.5 -> 0.6`."""
    place: str = ""
    """Where the definition is: `src/text.py:30`."""
    chain: tuple[str, ...] = ()
    """The reads that lead from the stage's function to it."""
    diff: str = ""
    """Unified difference of its source; empty where a source is not known."""

    @classmethod
    def of(cls, reason: Reason) -> "Change":
        """Take a reason that has no source."""
        return cls(reason, str(reason))


class Explanation(NamedTuple):
    """All about the decision on one stage."""

    ref: StageRef
    decision: Decision
    changes: tuple[Change, ...]
    """Why it is not as when it last ran; empty if it is."""
    facts: Facts
    before: Trace | None
    manifest: Manifest


def explain(stage: StageDefinition, session: "PipelineSession") -> Explanation:
    """Decide on a stage and name everything that differs."""
    found = session.assess(stage)
    manifest = session.view.manifest(stage.ref)
    reasons = () if isinstance(found.decision, Skip) else found.decision.reasons
    changes = tuple(_change(reason, manifest, session) for reason in reasons)
    return Explanation(stage.ref, found.decision, changes, found.facts, found.before, manifest)


def _change(reason: Reason, manifest: Manifest, session: "PipelineSession") -> Change:
    if reason.kind is not Kind.CODE:
        return Change.of(reason)
    entry = manifest.entries.get(reason.subject)
    before = session.source(reason.before) if reason.before else None
    after = session.view.sources([reason.after]).get(reason.after) if reason.after else None
    return Change(
        reason,
        constant_words(reason.subject, before, after) or str(reason),
        "" if entry is None else entry.place,
        chain_to(reason.subject, manifest),
        source_diff(reason.subject, before, after),
    )


def chain_to(name: str, manifest: Manifest) -> tuple[str, ...]:
    """Find a shortest chain of reads from the stage's function to a definition; empty if it was not read by name."""
    trail: dict[str, str] = {manifest.start: ""}
    todo = deque([manifest.start])
    while todo and name not in trail:
        reader = todo.popleft()
        for subject in manifest.reads.get(reader, ()):
            if subject not in trail:
                trail[subject] = reader
                todo.append(subject)
    return _walk(name, trail) if name in trail else ()


def _walk(end: str, trail: Mapping[str, str]) -> tuple[str, ...]:
    chain = [end]
    while trail[chain[-1]]:
        chain.append(trail[chain[-1]])
    return tuple(reversed(chain))


def constant_words(name: str, before: str | None, after: str | None) -> str:
    """Say how a constant changed, if both sources do nothing but give it a value that fits on a line; else nothing."""
    values = _value_in(before), _value_in(after)
    if None in values or values[0] == values[1]:
        return ""
    return f"constant: {name} {values[0]} -> {values[1]}"


def _value_in(source: str | None) -> str | None:
    try:
        match ast.parse(source or "").body:
            case [ast.Assign(targets=[ast.Name()], value=value) | ast.AnnAssign(value=ast.expr() as value)]:
                text = ast.unparse(value)
                return text if len(text) <= _SHOWN and "\n" not in text else None
    except (SyntaxError, ValueError):
        return None
    return None


def source_diff(name: str, before: str | None, after: str | None) -> str:
    """Show how a definition changed: its source as runs have kept it, and as it is now."""
    if before is None and after is None:
        return ""
    return "\n".join(
        difflib.unified_diff(_lines(before), _lines(after), f"{name} (last run)", f"{name} (now)", lineterm="")
    )


def _lines(text: str | None) -> Sequence[str]:
    return [] if text is None else text.splitlines()
