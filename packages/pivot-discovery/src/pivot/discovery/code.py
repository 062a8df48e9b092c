"""The code behind a pipeline's stages: identified from data, without executing anything of the user's."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from pivot.discovery.project import Project
from pivot.discovery.store import read_json, write_json
from pivot.discovery.witness import Reading
from pivot.fingerprint.analysis import Analysis, AnalysisInputs, Options, analyse
from pivot.fingerprint.imports import ImportPath
from pivot.fingerprint.observed import ImportFact
from pivot.fingerprint.roots import Root
from pivot.fingerprint.summaries import Summaries
from pivot.registry.definition import Manifest
from pivot.registry.marks import Seen
from pivot.registry.types import PipelineName, StageRef

ABSENT = "absent"
"""What `code_of` says of code that is gone."""


class PartCode(NamedTuple):
    """Where the code of one pipeline's own stages starts, and where its modules are found."""

    name: PipelineName
    entries: tuple[str, ...]
    """The import path."""
    pinned: tuple[tuple[str, str, str], ...]
    """(module, file, label) of modules that are not found on the import path under their names."""
    roots: Mapping[str, Root]
    """`pipeline:stage` -> where its identity starts."""
    executed: tuple[str, ...]
    """Modules that loading the pipeline executes."""
    facts: tuple[ImportFact, ...]
    """What modules read while they were executed."""

    @property
    def imports(self) -> ImportPath:
        """Where modules come from."""
        return ImportPath(self.entries, self.pinned)

    def to_data(self) -> list[Any]:
        """Give it as JSON values."""
        roots = {ref: root.to_data() for ref, root in self.roots.items()}
        return [self.name, self.entries, self.pinned, roots, self.executed, self.facts]

    @classmethod
    def from_data(cls, data: Any) -> "PartCode":
        """Make it again."""
        name, entries, pinned, roots, executed, facts = data
        pins = tuple((module, file, label) for module, file, label in pinned)
        made = {ref: Root.from_data(root) for ref, root in roots.items()}
        read = tuple(ImportFact(*fact) for fact in facts)
        return cls(PipelineName(name), tuple(entries), pins, made, tuple(executed), read)


class Code:
    """The code of a pipeline and of those that it includes, as the files are now.

    identity, manifest, sources   of the stages
    code_of                       of other code, by name
    executed                      of what loading the pipeline executes
    """

    def __init__(
        self,
        parts: Sequence[PartCode],
        project: Project,
        summaries: Summaries,
        analyses: Mapping[PipelineName, Analysis] | None = None,
    ) -> None:
        """`analyses` are those of the parts, if they were made already."""
        self.parts = tuple(parts)
        self.summaries = summaries
        self._project = project
        self._given = analyses
        self._others: list[Analysis] = []

    @cached_property
    def _analyses(self) -> Mapping[PipelineName, Analysis]:
        if self._given is not None:
            return self._given
        found = {part.name: self._analyse(part, part.roots) for part in self.parts}
        self.summaries.save()
        return found

    def _analyse(self, part: PartCode, roots: Mapping[str, Root]) -> Analysis:
        options = options_of(self._project)
        facts = part.facts
        return analyse(roots, part.imports, self.summaries, self._project.environ, options, import_facts=facts)

    def identity(self, ref: StageRef) -> str:
        """Identify all the code that a stage reaches."""
        return self._analyses[ref.pipeline].code(str(ref))

    def manifest(self, ref: StageRef) -> Manifest:
        """Name all the code that a stage reaches."""
        return self._analyses[ref.pipeline].manifest(str(ref))

    def codes(self, ref: StageRef) -> dict[str, str]:
        """Hash all the code that a stage reaches, by name."""
        return self._analyses[ref.pipeline].codes(str(ref))

    def sources(self, hashes: Iterable[str]) -> Mapping[str, str]:
        """Give the source text of definitions, where known."""
        wanted = list(hashes)
        analyses = (*self._others, *self._analyses.values())
        return {code: text for analysis in analyses for code, text in analysis.sources(wanted).items()}

    def code_of(self, names: Iterable[str]) -> Mapping[str, str]:
        """Identify code by `module:qualname`, or `module` for all of it; the pipeline's own meaning comes first."""
        found = dict.fromkeys(names, ABSENT)
        # Module by module: what else is asked for must not change an answer, and other modules could by what they do
        # when they are imported.
        for module, same in groupby(sorted(found), key=lambda name: name.partition(":")[0]):
            roots = {name: Root(module, name.partition(":")[2]) for name in same}
            for part in reversed(self.parts):
                analysis = self._analyse(part, roots)
                self._others.append(analysis)
                found.update({name: analysis.code(name) for name in roots if analysis.knows(name)})
        self.summaries.save()
        return found

    def executed(self) -> Mapping[str, str]:
        """Identify what loading executes: while this is the same, and what it read, it defines the same stages."""
        return {
            f"{part.name} {module}": _import_code(self._analyses[part.name], module)
            for part in self.parts
            for module in part.executed
        }

    def nondeterminism(self) -> list[str]:
        """Say what of loading cannot be proven to come out the same again, and where."""
        notes = (
            note
            for part in self.parts
            for module in part.executed
            for note in self._analyses[part.name].import_nondeterminism(module)
        )
        return list(dict.fromkeys(notes))

    def read(self, reading: Reading) -> set[str]:
        """Note all that the identities were computed from; give the files among it."""
        files: set[str] = set()
        for analysis in (*self._analyses.values(), *self._others):
            inputs = analysis.inputs()
            _note(inputs, reading)
            files.update(inputs.files)
        for path in {path for part in self.parts for root in part.roots.values() for _, path in root.files}:
            reading.tree(path)
        return files


def _import_code(analysis: Analysis, module: str) -> str:
    """Identify what importing a module executes, or all that it reaches where the analysis does not tell it apart."""
    code: str = getattr(analysis, "import_code", analysis.module_code)(module)
    return code


def _note(inputs: AnalysisInputs, reading: Reading) -> None:
    for path in inputs.directories:
        reading.directory(path)
    for path in inputs.files:
        reading.file(path)
    for path in (*(path for path, _ in inputs.probed), *inputs.distributions):
        reading.name(path)
    reading.variables(inputs.environment)


def summaries_of(project: Project, same: Mapping[str, Seen] = {}) -> Summaries:
    """Give the project's summaries of files. Those that are the `same` are not read."""
    digests = {path: seen.digest for path, seen in same.items()}
    return Summaries(project.local / "summaries", digests.get)


def options_of(project: Project) -> Options:
    """Give the project's settings of what counts."""
    return Options(environment=project.config.identity.environment)


class CodeBase(NamedTuple):
    """The second half of a snapshot: what identifying the stages anew needs."""

    parts: tuple[PartCode, ...]
    executed: Mapping[str, str]


def save_code(base: CodeBase, pair: str, place: Path) -> bool:
    """Keep it, tied to its other half."""
    return write_json(place, [pair, [part.to_data() for part in base.parts], base.executed])


def read_code(pair: str, place: Path) -> CodeBase | None:
    """Read it; None if it is not there or belongs to another first half."""
    try:
        found, parts, executed = read_json(place)
        return CodeBase(tuple(map(PartCode.from_data, parts)), dict(executed)) if found == pair else None
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        return None
