"""All pipelines of a project as data: from their snapshots where these hold, else loaded."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pivot.discovery.discover import ambiguous
from pivot.discovery.errors import DiscoveryError
from pivot.discovery.finding import find_pipeline_files
from pivot.discovery.names import pipeline_files_in
from pivot.discovery.project import Project
from pivot.discovery.snapshot import (
    Footing,
    Refusal,
    Snapshot,
    code_place_of,
    place_of,
    read,
    save,
    save_refusal,
)
from pivot.discovery.view import SnapshotView
from pivot.discovery.witness import Comparison, Reading, UnsettledError, Witness, compare
from pivot.fingerprint.collection import without_collection
from pivot.registry.definition import PipelineView
from pivot.registry.errors import DefinitionError
from pivot.registry.marks import Seen, see

if TYPE_CHECKING:
    from pivot.discovery.code import Code
    from pivot.discovery.making import Made

Overrides = Mapping[str, Mapping[str, Any]]
"""`pipeline:stage` -> field -> value, for this command only."""


class Found(NamedTuple):
    """The pipelines of a project, by file."""

    views: Mapping[Path, PipelineView]
    """A pipeline comes before those that include it."""
    errors: Mapping[Path, DefinitionError]
    """Files that cannot be loaded, and why: what that means is for the command to decide."""


def views(
    project: Project,
    files: Iterable[Path] | None = None,
    overrides: Overrides | None = None,
    *,
    clock: Callable[[], int] = time.time_ns,
    before_loading: Callable[[], None] = lambda: None,
) -> Found:
    """Give the pipelines of a project, or those of some files.

    No code of the user's is executed while nothing changed that the definitions depend on; with `overrides` for a
    stage, the pipelines that have it are loaded. `clock` is the one that the file system dates files by.
    `before_loading` is called each time before a pipeline is loaded.
    """
    chosen = find_pipeline_files(project) if files is None else list(files)
    shelf = _Shelf(project, overrides or {}, clock, before_loading)
    found: dict[Path, SnapshotView] = {}
    errors: dict[Path, DefinitionError] = {}
    for file in chosen:
        try:
            found[file] = shelf.view(file)
        except DefinitionError as error:
            errors[file] = error
    for file, clash in _namesakes(project, found):
        errors[file] = clash
        del found[file]
    alone_first = sorted(found, key=lambda file: len({stage.ref.pipeline for stage in found[file].definitions()}))
    return Found({file: found[file] for file in alone_first}, errors)


def _namesakes(project: Project, found: Mapping[Path, SnapshotView]) -> list[tuple[Path, DefinitionError]]:
    """Find pipelines that have one name and different roots: no stage of theirs could be told from the other's."""
    roots: dict[str, dict[Path, Path]] = {}
    for file, view in found.items():
        for stage in view.definitions():
            roots.setdefault(stage.ref.pipeline, {}).setdefault(stage.root, file)
        roots.setdefault(view.name, {}).setdefault(view.root, file)
    clashes = {name: sorted(set(by_root.values())) for name, by_root in roots.items() if len(by_root) > 1}
    told = {file: _namesake(project, name, files) for name, files in clashes.items() for file in files}
    return list(told.items())


def _namesake(project: Project, name: str, files: Sequence[Path]) -> DefinitionError:
    return DiscoveryError(
        f"two pipelines are called {name!r}: one in {' and one in '.join(map(project.relative, files))}",
        where=project.relative(files[-1]),
        hint="give one of them another name",
    )


def why_not(project: Project) -> Sequence[tuple[Path, str]]:
    """Say of which pipeline files no snapshot can be used, so that every command loads them, and why."""
    footing = Footing.here(project)
    kept = ((file, read(place_of(file, project), footing)) for file in find_pipeline_files(project))
    return [(file, "; ".join(found.reasons)) for file, found in kept if isinstance(found, Refusal)]


class _Shelf:
    """The snapshots of one project, during one command."""

    def __init__(
        self, project: Project, overrides: Overrides, clock: Callable[[], int], before_loading: Callable[[], None]
    ) -> None:
        self._project = project
        self._overrides = overrides
        self._clock = clock
        self._before_loading = before_loading
        self._footing = Footing.here(project)

    def view(self, file: Path) -> SnapshotView:
        """Give one pipeline. Raises DefinitionError."""
        together = pipeline_files_in(file.parent)
        if len(together) > 1:
            raise ambiguous(together)
        entry = _Entry(file, self._project, self._footing, self._clock())
        view = entry.trusted() or entry.made({}, self._before_loading)
        if any(str(stage.ref) in self._overrides for stage in view.definitions()):
            return entry.made(self._overrides, self._before_loading)
        return view


class _Entry:
    """The snapshot of one pipeline file.

    trusted           use what is kept, if it holds
      _reidentified   code changed, but not what loading depends on
    made              load the file, and keep the snapshot
    """

    def __init__(self, file: Path, project: Project, footing: Footing, started_ns: int) -> None:
        self._file = file
        self._project = project
        self._footing = footing
        self._started = started_ns
        self._place = place_of(file, project)
        self._code_place = code_place_of(file, project)

    def trusted(self) -> SnapshotView | None:
        """Give the pipeline without executing any of its code; None if that is not possible."""
        kept = read(self._place, self._footing)
        if not isinstance(kept, Snapshot):
            return None
        loading, code = self._compared(kept.loading), self._compared(kept.code)
        if loading.changed:
            return None
        if code.changed:
            today = kept._replace(loading=loading.witness, code=self._now(kept.code, code.same))
            return self._reidentified(today, code.same)
        today = kept._replace(loading=loading.witness, code=code.witness)
        if (today.loading, today.code) != (kept.loading, kept.code):
            save(today, self._place)
        return self._view(today)

    def _compared(self, witness: Witness) -> Comparison:
        return compare(witness, self._project.environ, self._started)

    def _now(self, witness: Witness, same: Mapping[str, Seen]) -> Witness:
        """Look at the files before the code is identified: workers are told these, even if they are too young."""
        looks = ((path, same.get(path) or see(path, self._started)) for path in witness.files)
        return witness._replace(files={path: seen for path, seen in looks if seen is not None})

    def _reidentified(self, kept: Snapshot, same: Mapping[str, Seen]) -> SnapshotView | None:
        """Identify the stages anew; None if the definitions have to be executed again."""
        with without_collection():
            return self._identified(kept, same)

    def _identified(self, kept: Snapshot, same: Mapping[str, Seen]) -> SnapshotView | None:
        from pivot.discovery.code import Code, read_code, summaries_of

        base = read_code(kept.pair, self._code_place)
        if base is None:
            return None
        code = Code(base.parts, self._project, summaries_of(self._project, same))
        if code.executed() != base.executed:
            return None
        stages = tuple(
            stage._replace(identity=stage.identity._replace(code=code.identity(stage.ref))) for stage in kept.stages
        )
        known = code.code_of(kept.known) if kept.known else {}
        today = kept._replace(stages=stages, known=known)
        return self._view(self._saved(today, code, same), code)

    def _saved(self, snapshot: Snapshot, code: "Code", same: Mapping[str, Seen] = {}) -> Snapshot:
        """Keep a snapshot with what its code was identified from, unless that changed meanwhile."""
        reading = Reading(self._project.environ, self._started, same)
        try:
            code.read(reading)
        except UnsettledError:
            return snapshot
        snapshot = snapshot._replace(code=reading.witness())
        save(snapshot, self._place)
        return snapshot

    def made(self, overrides: Overrides, before_loading: Callable[[], None]) -> SnapshotView:
        """Give the pipeline by loading it. Raises DefinitionError."""
        from pivot.discovery.making import make  # and what pipelines use of pivot: whoever forks now has it too

        before_loading()
        made = make(self._file, self._project, self._footing, self._started, overrides)
        if not overrides:
            self._keep(made)
        return self._view(made.snapshot, made.code, keep=made.settled and not made.refused and not overrides)

    def _keep(self, made: "Made") -> None:
        from pivot.discovery.code import save_code

        if made.refused:
            save_refusal(Refusal(made.refused), self._place)
        elif made.settled and save_code(made.base, made.snapshot.pair, self._code_place):
            save(made.snapshot, self._place)

    def _view(self, snapshot: Snapshot, code: "Code | None" = None, *, keep: bool = True) -> SnapshotView:
        def analysed() -> "Code":
            return code or self._code(snapshot)

        def learn(code: "Code", found: Mapping[str, str]) -> None:
            if keep:
                self._saved(snapshot._replace(known={**snapshot.known, **found}), code)

        return SnapshotView(snapshot, analysed, learn)

    def _code(self, snapshot: Snapshot) -> "Code":
        from pivot.discovery.code import Code, read_code, summaries_of
        from pivot.discovery.making import make

        base = read_code(snapshot.pair, self._code_place)
        if base is None:
            return make(self._file, self._project, self._footing, self._started).code
        return Code(base.parts, self._project, summaries_of(self._project))
