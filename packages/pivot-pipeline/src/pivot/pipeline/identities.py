"""From registered stages to definitions: what identifies the code of each."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pivot.pipeline.parts import Part
from pivot.registry.defining import define
from pivot.registry.definition import Identity, Manifest, Origin, StageDefinition
from pivot.registry.layout import project_root_of
from pivot.registry.place import innermost
from pivot.registry.registration import RegistryStageInfo
from pivot.registry.types import PipelineName, StageRef

if TYPE_CHECKING:
    from pivot.fingerprint.analysis import Analysis, Options
    from pivot.fingerprint.imports import ImportPath
    from pivot.fingerprint.observed import ImportFact
    from pivot.fingerprint.roots import Root
    from pivot.fingerprint.summaries import Summaries
    from pivot.fingerprint.values import Values

ABSENT = "absent"
"""What `code_of` says of code that is gone."""


class Surroundings(NamedTuple):
    """What the identities of stages depend on besides their code; read at the edge, handed down."""

    search_path: tuple[str, ...]
    """`sys.path`."""
    environ: Mapping[str, str]
    project: Path | None = None
    """The project's root. None: found from the pipeline's."""
    environment: str = "versions"
    """The setting `identity.environment`: `versions`, `off` or `content`."""

    @classmethod
    def here(cls) -> "Surroundings":
        """Take those of this process."""
        return cls(tuple(sys.path), os.environ)


class Identities:
    """The stages of pipelines as data, with the identity of their code as the files are now.

    definitions     every stage
      roots         where each identity starts: the function, the values that it carries
      identity      one analysis for all stages of a pipeline
    manifest        all the code that one stage depends on, by name
    """

    def __init__(
        self,
        pipelines: Sequence[Part],
        imports: "ImportPath",
        summaries: "Summaries",
        environ: Mapping[str, str],
        options: "Options",
        origins: Mapping[PipelineName, Origin],
        project: Path,
        import_facts: "Iterable[ImportFact]" = (),
    ) -> None:
        """Identify the stages of `pipelines`.

        `imports` is the import path of the first; that of another begins with its own root instead. A pipeline
        without an origin lives in this process only. `import_facts` are what modules read while they were imported.
        """
        self._pipelines = tuple(pipelines)
        self._imports = imports
        self._summaries = summaries
        self._environ = environ
        self._options = options
        self._origins = origins
        self._project = project
        self._import_facts = tuple(import_facts)
        self._others: list[Analysis] = []
        """Analyses made for `code_of`; they know sources too."""

    def definitions(self) -> list[StageDefinition]:
        """Give every stage of every pipeline."""
        return [self._define(part, name, info) for part in self._pipelines for name, info in part.stages.items()]

    def _define(self, part: Part, name: str, info: RegistryStageInfo) -> StageDefinition:
        ref = part.ref(name)
        return define(
            info,
            ref=ref,
            root=part.root,
            state_dir=part.state_dir,
            identity=self.identity(ref),
            origin=self._origins.get(part.name),
            base=self._project,
        )

    @cached_property
    def roots(self) -> Mapping[StageRef, "Root"]:
        """Where the identity of each stage starts, as data."""
        from pivot.fingerprint.values import Values

        known = Values(self._project)
        return {
            part.ref(name): _root_of_stage(info, part.root, self._project, known)
            for part in self._pipelines
            for name, info in part.stages.items()
        }

    def roots_of(self, part: Part) -> dict[str, "Root"]:
        """Give those of one pipeline's own stages, by `pipeline:stage`."""
        return {str(ref): self.roots[ref] for ref in map(part.ref, part.stages)}

    def imports_of(self, part: Part) -> "ImportPath":
        """Say where the modules of a pipeline are found."""
        main, own, entries = str(self._pipelines[0].root), str(part.root), self._imports.entries
        if own == main:
            return self._imports
        # The first pipeline's root goes last, not away: to look in one place too many cannot miss a change.
        others = (entry for entry in entries if entry != main or entry == str(self._project))
        return self._imports._replace(entries=tuple(dict.fromkeys((own, *others, main))))

    @cached_property
    def analyses(self) -> Mapping[PipelineName, "Analysis"]:
        """What the analysis of each pipeline found."""
        return {part.name: self._analyse(part) for part in self._pipelines}

    def _analyse(self, part: Part) -> "Analysis":
        return self._of(self.roots_of(part), part)

    def _of(self, roots: "Mapping[str, Root]", part: Part) -> "Analysis":
        from pivot.fingerprint.analysis import analyse

        imports, facts = self.imports_of(part), self._import_facts
        return analyse(roots, imports, self._summaries, self._environ, self._options, import_facts=facts)

    def identity(self, ref: StageRef) -> Identity:
        """Identify the code of a stage."""
        code = self.analyses[ref.pipeline].code(str(ref))
        return Identity(code, python_version(self._options.environment), self.roots[ref].notes)

    def manifest(self, ref: StageRef) -> Manifest:
        """Name all the code that a stage depends on."""
        return self.analyses[ref.pipeline].manifest(str(ref))

    def codes(self, ref: StageRef) -> Mapping[str, str]:
        """Hash all the code that a stage depends on, by name."""
        return self.analyses[ref.pipeline].codes(str(ref))

    def sources(self, hashes: Iterable[str]) -> Mapping[str, str]:
        """Give the source text of definitions, where known."""
        wanted = list(hashes)
        analyses = (*self._others, *self.analyses.values())
        return {key: text for analysis in analyses for key, text in analysis.sources(wanted).items()}

    def code_of(self, names: Iterable[str]) -> Mapping[str, str]:
        """Identify code by `module:qualname`, or `module`; `absent` if it is gone."""
        from pivot.fingerprint.roots import Root

        wanted = list(names)
        found = dict.fromkeys(wanted, ABSENT)
        roots = {name: Root(module, qualname) for name in wanted for module, _, qualname in [name.partition(":")]}
        for part in reversed(self._pipelines):
            analysis = self._of(roots, part)
            self._others.append(analysis)
            found.update({name: analysis.code(name) for name in wanted if analysis.knows(name)})
        return found


def identities_of(parts: Sequence[Part], surroundings: Surroundings | None = None) -> Identities:
    """Identify the stages of pipelines that live in this process, keeping nothing on disk."""
    from pivot.fingerprint.analysis import Options
    from pivot.fingerprint.imports import ImportPath
    from pivot.fingerprint.summaries import Summaries

    around = surroundings or Surroundings.here()
    project = around.project or project_root_of(parts[0].root, around.environ)
    entries = tuple(dict.fromkeys((str(parts[0].root), str(project), *around.search_path)))
    imports = ImportPath(entries, pinned(parts, entries))
    options = Options(environment=around.environment)  # type: ignore[arg-type]
    return Identities(parts, imports, Summaries(None), around.environ, options, {}, project)


def _root_of_stage(info: RegistryStageInfo, root: Path, project: Path, known: "Values") -> "Root":
    """Say where the identity of a stage starts: its function, its loaders with their options, its params class."""
    from pivot.fingerprint.roots import root_of

    return root_of(
        info["func"],
        values=_live_values(info),
        depends=info["depends"],
        ignore=info["ignore"],
        version=info["version"],
        base=root,
        project=project,
        identified=known,
    )


def _live_values(info: RegistryStageInfo) -> dict[str, Any]:
    values: dict[str, Any] = {f"loader of {arg}": dep.loader for arg, dep in info["deps"].items()}
    values |= {f"loader of {key}": out.loader for key, out in info["outs"].items()}
    if info["params"] is not None:
        values["class of params"] = type(info["params"])
    return values


def pinned(parts: Sequence[Part], entries: Sequence[str]) -> tuple[tuple[str, str, str], ...]:
    """Say which file the modules of stage functions are that a search by name does not find, or finds in a pipeline.

    Gives (name, file, label); the label has no directory, so that identities do not depend on where a pipeline lies.
    """
    from pivot.fingerprint.imports import Finder, ImportPath

    finder, real = Finder(ImportPath(tuple(entries))), cache(os.path.realpath)
    pins: dict[str, tuple[str, str, str]] = {}
    for part in parts:
        for info in part.stages.values():
            name, file = _module_of(info)
            if not file.endswith(".py"):
                continue
            found = finder.find(name)
            inside = "." in name and os.path.dirname(file) == str(part.root)
            if inside or found is None or real(found.file) != real(file):
                pins[name] = (name, file, os.path.basename(file).removesuffix(".py"))
    return tuple(sorted(pins.values()))


def _module_of(info: RegistryStageInfo) -> tuple[str, str]:
    """Name the module of a stage function, and its file, if it has one."""
    space = getattr(innermost(info["func"]), "__globals__", {})
    file = space.get("__file__")
    return str(space.get("__name__", "")), os.path.abspath(file) if isinstance(file, str) else ""


def python_version(environment: str) -> str:
    """Name the interpreter as far as it matters to what code does: `3.13`, `3.13 -O`."""
    if environment == "off":
        return ""
    optimized = sys.flags.optimize
    return f"{sys.version_info[0]}.{sys.version_info[1]}{' -' + 'O' * optimized if optimized else ''}"
