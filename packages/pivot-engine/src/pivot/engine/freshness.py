"""Certificates of freshness: a stage was up to date when its files had these stats.

The full check of one stage reads and parses its lock file and asks the store about each path. While nothing has
changed, comparing stats says the same in a hundredth of the time. A certificate is given only for what was verified
by content, and never for a file that could still change within its clock's granularity.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pivot.cache import Signature, is_racy, signature
from pivot.executor.observed import Observer
from pivot.executor.state import state_of
from pivot.executor.trace import Seen, Trace, spelled
from pivot.executor.workspace import Workspace, absolute, input_paths, output_paths
from pivot.registry.definition import StageDefinition

Row = tuple[Any, ...]
Stat = Callable[[str], "Signature | None"]


class Certificate(NamedTuple):
    """What must still hold, as plain values that marshal takes."""

    declared: Row
    """The definition, without what does not bear on the result."""
    stats: Mapping[str, Row]
    """Absolute path -> signature; the lock file, inputs, outputs and observed files."""
    trees: Mapping[str, str]
    """Absolute path of a directory -> digest."""
    observed: Row
    """The other things observed: directories, missing paths, environment, code."""


def look() -> Stat:
    """Give a function that looks at each path once."""
    known: dict[str, Signature | None] = {}

    def stat(path: str) -> Signature | None:
        if path not in known:
            try:
                known[path] = signature(path)
            except OSError:
                known[path] = None
        return known[path]

    return stat


def holds(row: Row, stage: StageDefinition, stat: Stat, workspace: Workspace, observer: Observer) -> bool:
    """Tell whether a certificate still holds."""
    declared, stats, trees, observed = Certificate(*row)
    if declared != declared_row(stage):
        return False
    for path, seen in stats.items():
        if stat(path) != seen:
            return False
    for path, digest in trees.items():
        if _digest(workspace, path) != digest:
            return False
    return not observed or _still(observed, observer)


def _digest(workspace: Workspace, path: str) -> str | None:
    content = workspace.content(path)
    return None if content is None else content.digest


def _still(observed: Row, observer: Observer) -> bool:
    seen = Seen({}, *observed)
    return observer.again(seen) == seen


def declared_row(stage: StageDefinition) -> Row:
    """Give what a definition says about the result, and where: a copy of a project has its certificates, too."""
    return (
        str(stage.root),
        tuple(stage.identity),
        spelled(stage.params) if stage.params else {},
        tuple(map(tuple, stage.inputs)),
        tuple([(item.key, item.paths, str(item.kind), item.many) for item in stage.outputs]),
    )


def certify(stage: StageDefinition, trace: Trace, project_root: str, hashed_ns: int) -> Row | None:
    """Certify a stage whose files were verified by content after `hashed_ns`; None if one is too young or gone."""
    if stage.identity.unknown:
        return None
    stats: dict[str, Row] = {}
    trees: dict[str, str] = {}
    contents = {**trace.facts.deps, **trace.outs}
    for path in {*input_paths(stage), *output_paths(stage)}:
        artifact = contents.get(path)
        if artifact is not None and artifact.digest.startswith("b3t:"):
            trees[absolute(stage.root, path)] = artifact.digest
        elif not _add(stats, absolute(stage.root, path), hashed_ns):
            return None
    observed = trace.facts.observed
    others = (os.path.join(project_root, path) for path in observed.files)
    if not all(_add(stats, path, hashed_ns) for path in (str(state_of(stage).lock_path), *others)):
        return None
    rest = tuple(part if isinstance(part, tuple) else dict(part) for part in observed[1:])
    return tuple(Certificate(declared_row(stage), stats, trees, rest if any(rest) else ()))


def _add(stats: dict[str, Row], path: str, hashed_ns: int) -> bool:
    try:
        seen = signature(path)
    except OSError:
        return False
    stats[path] = tuple(seen)
    return not is_racy(seen, hashed_ns)
