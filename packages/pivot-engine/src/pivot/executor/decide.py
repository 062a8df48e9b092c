"""Decide what becomes of a stage: a pure function of what is true now, what was, and what is kept.

In the words of *Build systems à la carte* (Mokhov, Mitchell, Peyton Jones, 2018): a verifying trace first (the lock
file), a constructive trace second (the run cache).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from pivot.executor.reasons import Kind, Reason
from pivot.executor.trace import Artifact, Facts, Seen, Trace, spelled

Outputs = Mapping[str, Artifact]


class Skip(NamedTuple):
    """Everything is as the trace says."""

    trace: Trace | None = None
    """None: a certificate said so, and nobody needed to read the trace."""


class Restore(NamedTuple):
    """The outputs are known and kept: put them in place."""

    outs: Outputs
    facts: Facts
    reasons: tuple[Reason, ...]


class Run(NamedTuple):
    """The function must be called."""

    reasons: tuple[Reason, ...]


Decision = Skip | Restore | Run


class Known(NamedTuple):
    """Where outputs may come from, other than from running."""

    before: Trace | None
    kept: Callable[[Outputs], bool]
    """Whether the store has all these bytes."""
    recall: Callable[[Facts], tuple[Outputs, Facts] | None]
    """Find the outputs of an equal run, and the facts with what it observed; asked only when needed."""
    manifest: Callable[[], Mapping[str, str]] = dict
    """Name all the code that the stage depends on now; asked only when the code differs."""
    missing: Reason = Reason(Kind.NEVER_RAN)
    """Why there is no trace, if there is none: it cannot be read, say, after a merge."""


def decide(
    now: Facts, present: Mapping[str, Artifact | None], known: Known, always: tuple[Reason, ...] = ()
) -> Decision:
    """Decide for one stage.

    `present` is what lies at the output paths now. `always` are reasons that no trace and no cache can answer:
    forced, or something about the stage cannot be identified.
    """
    if always:
        return Run(always)
    if known.before is None:
        reasons: tuple[Reason, ...] = (known.missing,)
    else:
        reasons = tuple(differences(known.before, now, known.manifest))
        if not reasons:
            return _in_place(known.before, present, known.kept)
    found = known.recall(now)
    return Run(reasons) if found is None else Restore(*found, reasons)


def _in_place(before: Trace, present: Mapping[str, Artifact | None], kept: Callable[[Outputs], bool]) -> Decision:
    """Skip if the outputs lie where they should, put them back if they are kept, else make them again."""
    reasons = tuple(
        Reason(Kind.OUTPUT, path, out.digest, None if here is None else here.digest)
        for path, out in before.outs.items()
        if (here := present.get(path)) is None or here.digest != out.digest
    )
    if not reasons:
        return Skip(before)
    return Restore(before.outs, before.facts, reasons) if kept(before.outs) else Run(reasons)


def differences(before: Trace, now: Facts, manifest: Callable[[], Mapping[str, str]] = dict) -> Iterator[Reason]:
    """Name everything that is not as it was."""
    was = before.facts
    if was.code != now.code:
        yield from _code(before.manifest, manifest())
    if was.python != now.python:
        yield Reason(Kind.PYTHON, "", was.python, now.python)
    yield from _params(was.params, now.params)
    for name, old, new in (("inputs", was.inputs, now.inputs), ("outputs", was.outputs, now.outputs)):
        if old != new:
            yield Reason(Kind.DECLARATION, name)
    yield from _changed(Kind.INPUT, _digests(was.deps), _digests(now.deps))
    yield from _observed(was.observed, now.observed)


def _code(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Reason]:
    """Name the definitions that differ. Without a manifest of now there is only the fact."""
    named = tuple(_changed(Kind.CODE, before, now)) if now else ()
    yield from named or (Reason(Kind.CODE, "the stage's code", "", ""),)


def _params(before: Mapping[str, object], now: Mapping[str, object]) -> Iterator[Reason]:
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if spelled(old) != spelled(new):
            yield Reason(Kind.PARAM, name, old, new)


def _digests(artifacts: Mapping[str, Artifact | None]) -> Mapping[str, str | None]:
    return {path: None if artifact is None else artifact.digest for path, artifact in artifacts.items()}


def _changed(kind: Kind, before: Mapping[str, object], now: Mapping[str, object], label: str = "") -> Iterator[Reason]:
    if before == now:
        return
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if old != new:
            yield Reason(kind, label + name, old, new)


def _observed(before: Seen, now: Seen) -> Iterator[Reason]:
    if before == now:
        return
    yield from _changed(Kind.OBSERVED, before.files, now.files, "file ")
    yield from _changed(Kind.OBSERVED, before.directories, now.directories, "directory ")
    yield from _changed(Kind.OBSERVED, before.environment, now.environment, "environment variable ")
    yield from _changed(Kind.CODE, before.code, now.code)
    for path in sorted({*before.missing} - {*now.missing}):
        yield Reason(Kind.OBSERVED, f"path {path}", None, "present")
    for path in sorted({*before.present} - {*now.present}):
        yield Reason(Kind.OBSERVED, f"path {path}", "present", None)
