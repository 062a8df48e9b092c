"""The identity of the code of all stages of a pipeline, in one pass, from text alone."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from blake3 import blake3

from pivot.fingerprint.collection import without_collection
from pivot.fingerprint.distributions import Distributions, Environment
from pivot.fingerprint.effects import EVERYTHING
from pivot.fingerprint.graph import Graph
from pivot.fingerprint.importing import run_by_import
from pivot.fingerprint.imports import ImportPath, Probe
from pivot.fingerprint.linkstore import LinkStore
from pivot.fingerprint.locating import Locator
from pivot.fingerprint.manifests import Names, codes_of, texts_of
from pivot.fingerprint.merkle import Merkle
from pivot.fingerprint.observed import ImportFact
from pivot.fingerprint.program import Node
from pivot.fingerprint.roots import Root
from pivot.fingerprint.summaries import Summaries
from pivot.fingerprint.universe import Universe
from pivot.fingerprint.unrepeatable import Unrepeatable
from pivot.fingerprint.world import MODES, Expansion, Mode, World
from pivot.registry.definition import Manifest

_STAGE = "stage "
_PLAIN: Mode = frozenset()


class Options(NamedTuple):
    """What counts."""

    environment: Environment = "versions"
    """Of installed packages: `versions`, their `content`, or nothing (`off`)."""


class AnalysisInputs(NamedTuple):
    """All that an analysis read: while none of it changes, it gives the same answers."""

    files: tuple[str, ...]
    """Source files of the user's, compiled modules, and what `depends` names."""
    probed: tuple[tuple[str, bool], ...]
    """(path that a module might have had, whether it was there)."""
    environment: tuple[str, ...]
    """Variables named by the code."""
    distributions: tuple[str, ...]
    """Metadata directories, and the directories that hold them."""
    directories: tuple[str, ...] = ()
    """Listed, as code imports whatever modules are there."""


class _Pass(NamedTuple):
    """One way to look at code, for the stages that share it."""

    mode: Mode
    ignore: tuple[str, ...]


class Analysis:
    """What the stages reach.

    code          hash of all of it
    manifest      all of it by name, on demand
    inputs        what the answers depend on
    """

    def __init__(
        self,
        roots: Mapping[str, Root],
        links: LinkStore,
        world: World,
        observed: Mapping[str, Iterable[str]],
    ) -> None:
        self._roots = roots
        self._links = links
        self._world = world
        self._locator = Locator(links)
        self._observed = {stage: tuple(sorted(names)) for stage, names in observed.items()}
        self._passes: dict[_Pass, Merkle] = {}
        self._names: dict[Merkle, Names] = {}
        self._merkles: dict[str, Merkle] = {}
        """That of each stage's pass."""
        self._seen: dict[str, list[Node]] = {}
        self._nodes: set[Node] = set()
        """All that stages reach."""
        self._located: dict[str, list[Node]] = {}
        self._run: dict[str, tuple[str, ...]] = {}
        self._settle()
        self._add_observed()

    # Answers

    def code(self, stage: str) -> str:
        """Hash all the code that a stage reaches."""
        return self._merkles[stage].add(_STAGE + stage).hex() or blake3(b"").hexdigest()

    def manifest(self, stage: str) -> Manifest:
        """Name all that the code of a stage depends on."""
        merkle = self._merkles[stage]
        names = self._names.get(merkle)
        if names is None:
            names = self._names[merkle] = Names(merkle, self._world, self._links.finder)
        return names.manifest(_STAGE + stage, self._starts(stage)[0])

    def codes(self, stage: str) -> dict[str, str]:
        """Hash all that the code of a stage depends on, by name."""
        return codes_of(self._merkles[stage], _STAGE + stage)

    def sources(self, hashes: Iterable[str]) -> Mapping[str, str]:
        """Give the text of definitions by the hashes that manifests name them by, where known."""
        wanted = set(hashes)
        found: dict[str, str] = {}
        for merkle in self._passes.values():
            found |= texts_of(merkle, wanted - found.keys(), self._world)
        return found

    def knows(self, stage: str) -> bool:
        """Tell whether the code that a root names is there."""
        return self._locator.is_there(self._roots[stage])

    def module_code(self, module: str) -> str:
        """Hash a whole module and what it reaches: while this is equal, running it again defines the same stages.

        That is, stages with the same roots: lines count where only they tell definitions apart.
        """
        return blake3(f"{self._hash_of([f'{module}:'])} {self._places()}".encode()).hexdigest()

    def import_code(self, module: str) -> str:
        """Hash what importing a module runs, and where its stages' signatures lead.

        The bodies of functions do not count unless something may call them meanwhile: while this is equal, importing
        again defines the same stages.
        """
        shown = [f"{node}~" for stage in self._roots for node in self._starts(stage)]
        own, reached = run_by_import(self._links, self._run_by(module))
        value = f"{own} {self._hash_of([*shown, *reached])} {self._places()}"
        return blake3(value.encode()).hexdigest()

    def _places(self) -> str:
        """Give the lines on which roots rely."""
        return repr(self._locator.places(name for root in self._roots.values() for name in _modules(root)))

    def _hash_of(self, nodes: Iterable[Node]) -> str:
        """Hash nodes and what they reach, looked at as closely as their own code looks."""
        wanted, mode = sorted(set(nodes)), _PLAIN
        while True:
            merkle = self._pass(_Pass(mode, ()))
            hashes = [merkle.add(node) for node in wanted]
            wider = mode.union(*(MODES & merkle.flags.get(node, _PLAIN) for node in wanted))
            if wider == mode:
                return blake3(b"".join(sorted(set(hashes)))).hexdigest()
            mode = wider

    def import_nondeterminism(self, module: str) -> list[str]:
        """Say where importing a module does what may come out differently the next time."""
        return list(dict.fromkeys(Unrepeatable(self._links).notes(self._run_by(module))))

    def _run_by(self, module: str) -> tuple[str, ...]:
        """Give the modules that importing one runs, in order."""
        if module not in self._run:
            universe = Universe(self._links)
            universe.run([module])
            self._run[module] = tuple(universe.modules)
        return self._run[module]

    def inputs(self) -> AnalysisInputs:
        """Give all that this analysis read."""
        return AnalysisInputs(
            files=tuple(sorted({*self._links.files(), *self._named_files(), *self._world.distributions.files})),
            probed=tuple(_paths(self._links.finder.probes())),
            environment=tuple(sorted(node[1:] for node in self._nodes if node[0] == "$")),
            distributions=tuple(sorted(self._world.distributions.looked_at)),
            directories=tuple(sorted(self._links.finder.listed | self._world.distributions.listed)),
        )

    def _named_files(self) -> Iterator[str]:
        return (path for root in self._roots.values() for _, path in root.files)

    # The passes

    def _settle(self) -> None:
        """Find for each stage how its code looks at code, and all modules that run."""
        universe = self._world.universe
        universe.run(dict.fromkeys(module for root in self._roots.values() for module in _modules(root)))
        while True:
            self._passes.clear()
            for stage, root in self._roots.items():
                self._choose(stage, root)
            self._nodes = {node for merkle in self._passes.values() for node in merkle.expansions}
            places = {node.partition(":")[0] for node in self._nodes}  # few, of thousands of nodes
            if not universe.grown(place for place in places if not place.startswith((_STAGE, "+"))):
                return

    def _add_observed(self) -> None:
        """Add the code that runs were seen to use, as far as the text did not show it."""
        for stage, names in self._observed.items():
            roots = (Root(module, qualname) for name in names for module, _, qualname in [name.partition(":")])
            reached = self._merkles[stage].reached(_STAGE + stage)
            unforeseen = [node for root in roots for node in self._locator.locate(root) if node not in reached]
            if unforeseen:
                self._seen[stage] = unforeseen
        if self._seen:
            self._settle()

    def _choose(self, stage: str, root: Root) -> None:
        """Widen the mode until nothing that the stage reaches asks for more."""
        mode = _PLAIN
        while True:
            merkle = self._merkles[stage] = self._pass(_Pass(mode, root.ignore))
            merkle.add(_STAGE + stage)
            wider = mode | (MODES & merkle.flags.get(_STAGE + stage, _PLAIN))
            if wider == mode:
                return
            mode = wider

    def _pass(self, chosen: _Pass) -> Merkle:
        if chosen not in self._passes:
            self._passes[chosen] = Merkle(_Expander(self, chosen).expand)
        return self._passes[chosen]

    def _starts(self, stage: str) -> list[Node]:
        if stage not in self._located:
            self._located[stage] = self._locator.locate(self._roots[stage])
        return self._located[stage]

    def expand_stage(self, stage: str, graph: Graph) -> Expansion:
        """Say where a stage starts: at its function, with the annotations; at its live values."""
        root = self._roots[stage]
        children: list[Node] = []
        for node in self._starts(stage):
            children += [node, f"{node}~"]
        for also in root.also:
            children += self._locator.locate(also)
        children += self._seen.get(stage, ())
        changes = self._world.universe.changes
        children += [f"{module}#{number}" for module, number in changes.get(EVERYTHING, ())]
        children += [f"+value {label}={value}" for label, value in root.values]
        children += [f"+file {label}={graph.outside.file_digest(path)}" for label, path in root.files]
        return Expansion(None, tuple(children), frozenset())


class _Expander:
    """Expands nodes for one pass: stages besides code, and without what they ignore."""

    def __init__(self, analysis: Analysis, chosen: _Pass) -> None:
        self._analysis = analysis
        self._graph = Graph(analysis._world, chosen.mode)
        self._ignore = frozenset(chosen.ignore)

    def expand(self, node: Node) -> Expansion:
        if node.startswith(_STAGE):
            expansion = self._analysis.expand_stage(node.removeprefix(_STAGE), self._graph)
        else:
            expansion = self._graph.expand(node)
        if not self._ignore:
            return expansion
        return replace(expansion, children=tuple(child for child in expansion.children if not self._ignored(child)))

    def _ignored(self, node: Node) -> bool:
        module, colon, name = node.rstrip("~@").partition(":")
        if not colon or node[0] in "+$^?=":
            return False
        label = self._analysis._world.finder.label(module)
        return bool({name, f"{module}.{name}", f"{label}.{name}"} & self._ignore)


def analyse(
    roots: Mapping[str, Root],
    imports: ImportPath,
    summaries: Summaries,
    environ: Mapping[str, str],
    options: Options = Options(),  # noqa: B008  (frozen)
    observed: Mapping[str, Iterable[str]] = {},
    import_facts: Iterable[ImportFact] = (),
) -> Analysis:
    """Identify the code of stages, without importing any of it.

    `observed` is code that runs were seen to use, by stage, as `module:qualname` or `module`. `import_facts` are what
    modules read while they were defining themselves. Files are read as they are now; what a caller's `Summaries`
    keeps of earlier times is used where bytes are the same.
    """
    with without_collection():
        links = LinkStore(imports, summaries)
        facts: dict[str, list[ImportFact]] = {}
        for fact in import_facts:
            facts.setdefault(fact.module, []).append(fact)
        distributions = Distributions(imports.entries)
        world = World(links, links.finder, Universe(links), distributions, environ, options.environment, facts, {})
        analysis = Analysis(roots, links, world, observed)
        links.save()
        return analysis


def _modules(root: Root) -> Iterator[str]:
    yield root.module
    for also in root.also:
        yield from _modules(also)


def _paths(probes: Iterable[Probe]) -> Iterator[tuple[str, bool]]:
    for directory, _, present, absent in probes:
        yield from ((f"{directory}/{each}", True) for each in present)
        yield from ((f"{directory}/{each}", False) for each in absent)
