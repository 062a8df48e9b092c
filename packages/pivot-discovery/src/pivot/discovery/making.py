"""Load a pipeline file and take its snapshot."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pivot.discovery.blame import blamed
from pivot.discovery.code import Code, CodeBase, PartCode, options_of, summaries_of
from pivot.discovery.loading import Live, load
from pivot.discovery.project import Project
from pivot.discovery.snapshot import Footing, Snapshot
from pivot.discovery.witness import Reading, UnsettledError, Witness
from pivot.fingerprint.observed import ImportFact, Observed
from pivot.fingerprint.recorder import recorder
from pivot.pipeline.identities import Identities
from pivot.pipeline.params import Override, overridden, params_files, with_params_files
from pivot.pipeline.parts import Part
from pivot.registry.types import StageRef

Overrides = Mapping[str, Mapping[str, Any]]
"""`pipeline:stage` -> field -> value."""


class Made(NamedTuple):
    """A pipeline file, just loaded."""

    snapshot: Snapshot
    code: Code
    base: CodeBase
    refused: tuple[str, ...]
    """Why the snapshot must not be used again; empty when it may."""
    settled: bool
    """Whether nothing changed while it was read. If something did, the next command makes the snapshot."""


def make(file: Path, project: Project, footing: Footing, started_ns: int, overrides: Overrides | None = None) -> Made:
    """Load a pipeline file, identify its stages, and note all that this depended on. Raises DefinitionError."""
    return _Making(file, project, started_ns).make(footing, overrides or {})


class _Making:
    """One loading.

    make
      _load             execute the definitions, watched
      _identities       define the stages, and identify their code
      _parts            the same as data
      _witnesses        what all of this read
    """

    def __init__(self, file: Path, project: Project, started_ns: int) -> None:
        self._file = file
        self._project = project
        self._started = started_ns
        self._summaries = summaries_of(project)

    def make(self, footing: Footing, overrides: Overrides) -> Made:
        """Do all of it."""
        live, observed, facts = self._load()
        with blamed(self._file, self._project.root), live.active():
            parts = self._overridden(live.pipeline.parts(), overrides)
            identities = self._identities(live, parts, facts)
            stages = tuple(identities.definitions())
        summaries = summaries_of(self._project)
        code = Code(tuple(self._parts(live, identities, parts, facts)), self._project, summaries, identities.analyses)
        base = CodeBase(code.parts, code.executed())
        first = parts[0]
        loading, read, settled = self._witnesses(live, observed, code, parts)
        pair = os.urandom(8).hex()
        snapshot = Snapshot(footing, first.name, first.root, first.state_dir, stages, loading, read, {}, pair)
        return Made(snapshot, code, base, tuple(_doubts(observed, code, identities)), settled)

    def _load(self) -> tuple[Live, Observed, tuple[ImportFact, ...]]:
        with recorder().recording(self._project.root) as recording:
            live = load(self._file, self._project.root, self._summaries)
        # Before its first line a module has done nothing: there it is a tool that traces it (coverage, a debugger).
        facts = tuple(fact for fact in recording.import_facts() if fact.line > 0)
        return live, recording.observed(), facts

    def _overridden(self, parts: Sequence[Part], overrides: Overrides) -> tuple[Part, ...]:
        found = with_params_files(parts, self._project.root)
        if not overrides:
            return found
        names = {str(part.ref(stage)) for part in found for stage in part.stages}
        return overridden(found, [Override(ref, fields) for ref, fields in overrides.items() if ref in names])

    def _identities(self, live: Live, parts: Sequence[Part], facts: tuple[ImportFact, ...]) -> Identities:
        options, root = options_of(self._project), self._project.root
        imports, origins = live.imports(parts), live.origins(parts)
        identities = Identities(parts, imports, self._summaries, self._project.environ, options, origins, root, facts)
        _ = identities.analyses
        self._summaries.save()
        return identities

    def _parts(
        self, live: Live, identities: Identities, parts: Sequence[Part], facts: tuple[ImportFact, ...]
    ) -> Iterator[PartCode]:
        for part in parts:
            imports = identities.imports_of(part)
            roots = identities.roots_of(part)
            executed = tuple(name for name, file in live.pipeline_modules.items() if Path(file).parent == part.root)
            modules = executed or tuple(sorted({root.module for root in roots.values()}))
            yield PartCode(part.name, imports.entries, imports.pinned, roots, modules, facts)

    def _witnesses(
        self, live: Live, observed: Observed, code: Code, parts: Sequence[Part]
    ) -> tuple[Witness, Witness, bool]:
        loading, identifying = (Reading(self._project.environ, self._started) for _ in range(2))
        try:
            files = code.read(identifying)
            self._note_loading(loading, observed)
            for path in (*map(str, params_files(parts)), *(set(live.files()) - files)):
                loading.file(path)
        except UnsettledError:
            return Witness(), Witness(), False
        return loading.witness(), identifying.witness(), True

    def _note_loading(self, reading: Reading, observed: Observed) -> None:
        for path in (*observed.files, *observed.outside):
            reading.file(self._absolute(path))
        for path in observed.directories:
            reading.directory(self._absolute(path))
        for path in (*observed.present, *observed.missing):
            reading.name(self._absolute(path))
        for name, value in observed.env.items():
            reading.variable(name, value)

    def _absolute(self, path: str) -> str:
        return os.path.normpath(os.path.join(self._project.root, path))


def _doubts(observed: Observed, code: Code, identities: Identities) -> Iterator[str]:
    yield from (f"it starts a program while it is loaded: {name}" for name in observed.spawned)
    yield from code.nondeterminism()
    for ref, root in identities.roots.items():
        yield from (f"{StageRef(*ref)}: {note}" for note in root.notes)
