"""One module, resolved: what each of its statements is, reaches, changes and shows to others; plain data to keep."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from pivot.fingerprint.canonical import digest_of
from pivot.fingerprint.effects import Effects
from pivot.fingerprint.exposure import Exposure
from pivot.fingerprint.meanings import Meanings, Reads
from pivot.fingerprint.program import Module, Node, Program
from pivot.fingerprint.scopes import Reference
from pivot.fingerprint.summary import Atom, Inner, in_order


class InnerLink(NamedTuple):
    """A lambda or function inside a statement."""

    qualname: str
    line: int
    column: int
    own: bytes
    hints: bytes
    edges: tuple[Node, ...]
    hint_edges: tuple[Node, ...]


class AtomLink(NamedTuple):
    """One statement, resolved."""

    kind: str
    names: tuple[str, ...]
    line: int
    end: int
    own: bytes
    """What it says, and what the imported names in it mean."""
    hints: bytes
    docs: bytes
    raw: bytes
    edges: tuple[Node, ...]
    hint_edges: tuple[Node, ...]
    absent: tuple[str, ...]
    """Builtins that it reads: a name of this module may yet hide them."""
    hides: int
    """0: its annotations and docstrings count only where something reachable reads them; 1: annotations always count,
    2: both do, as a library is handed them."""
    shown: tuple[Node, ...]
    """Bindings that it hands to libraries which may read docstrings and annotations."""
    changes: tuple[Node, ...]
    """Bindings that it changes when the module is imported."""
    subclass_of: tuple[Node, ...]
    flags: tuple[tuple[str, int], ...]
    strings: tuple[str, ...]
    loads: tuple[str, ...]
    """First-party modules that it imports, in order."""
    inner: tuple[InnerLink, ...]
    main: bool


class ModuleLink(NamedTuple):
    """One module, resolved."""

    name: str
    label: str
    file: str
    package: bool
    digest: str
    error: str
    doc: bytes
    future: bool
    atoms: tuple[AtomLink, ...]
    shell: bytes
    """What runs with the module, and what names in it mean."""
    shell_edges: tuple[Node, ...]
    """What that reads; functions that are handed to a pipeline, and do not run, left out."""
    consulted: tuple[str, ...]
    """What of other modules the links depend on: `module` or `module:name`."""
    examined: tuple[str, ...]
    """Modules that they depend on altogether."""

    def to_data(self) -> tuple[Any, ...]:
        """Give it as plain tuples."""
        atoms = tuple(
            (*atom[:_INNER], tuple(map(tuple, atom.inner)), atom.main) if atom.inner else tuple(atom)
            for atom in self.atoms
        )
        return (*self[:8], atoms, *self[9:])

    @classmethod
    def from_data(cls, data: Any) -> "ModuleLink":
        """Make it again."""
        atoms = tuple(
            AtomLink._make(
                (*atom[:_INNER], tuple(map(InnerLink._make, atom[_INNER])), atom[-1]) if atom[_INNER] else atom
            )
            for atom in data[8]
        )
        return cls._make((*data[:8], atoms, *data[9:]))

    def bound(self) -> dict[str, list[int]]:
        """Say which statements bind a name, imports and scripts' own left out."""
        found: dict[str, list[int]] = {}
        for number, atom in enumerate(self.atoms):
            if atom.kind != "import" and not atom.main:
                for name in atom.names:
                    found.setdefault(name, []).append(number)
        return found


_INNER = AtomLink._fields.index("inner")


class Linker:
    """Resolves one module."""

    def __init__(self, program: Program, module: Module) -> None:
        self._program = program
        self._module = module
        self._meanings = Meanings(program, module)
        self._effects = Effects(program)
        self._exposure = Exposure(program, module)

    def link(self) -> ModuleLink:
        """Resolve all statements of the module."""
        self._program.consulted, self._program.examined = set(), set()
        module, summary, found = self._module, self._module.summary, self._module.found
        atoms = tuple([self._atom(atom) for atom in summary.atoms])
        shell, shell_edges = self._shell()
        return ModuleLink(
            module.name,
            self._program.finder.label(module.name),
            found.file,
            found.package,
            summary.digest,
            summary.error,
            summary.doc,
            summary.future,
            atoms,
            shell,
            shell_edges,
            tuple(sorted(key for key in self._program.consulted if key.partition(":")[0] != module.name)),
            tuple(sorted(self._program.examined - {module.name})),
        )

    def _atom(self, atom: Atom) -> AtomLink:
        module = self._module
        refs, hashes = atom.reads, [atom.hash]
        for decorator in atom.decorators:
            if not self._belongs_to_pipeline(decorator.path):
                refs += decorator.reads
                hashes.append(decorator.hash)
        hint_refs, hints = atom.hint_reads, [atom.hints]
        if atom.fields:
            if self._exposure.reads_fields(atom):
                refs += atom.field_reads
                hashes.append(atom.fields)
            else:
                hint_refs += atom.field_reads
                hints.append(atom.fields)
        stars: list[str] = []
        if atom.kind == "import":  # reached only with the module as a whole
            stars = self._stars(atom)
            refs += _imported(atom, stars)
        reads = self._meanings.read(refs)
        hint_facts, hint_edges = self._read(hint_refs)
        loads = dict.fromkeys([*self._loads(atom, reads), *stars]) if atom.loads or stars else ()
        if atom.environ:
            self._variables(atom, reads)
        flags = dict(atom.flags) if atom.flags else {}
        if "globals" in flags:
            reads.nodes.add(f"{module.name}:")
        return AtomLink(  # in order: see `_atom` of summaries
            atom.kind,
            atom.names,
            atom.line,
            atom.end,
            _combined(hashes, reads.facts) if atom.hash else b"",
            _combined(hints, hint_facts) if any(hints) else b"",
            atom.docs,
            atom.raw,
            in_order(reads.nodes),
            hint_edges,
            in_order(reads.absent),
            self._exposure.of(atom),
            in_order(self._exposure.shown(atom)),
            () if atom.main else in_order(self._effects.of(module, atom)),
            self._own_bases(atom) if atom.bases else (),
            tuple((dict.fromkeys(reads.flags, atom.line) | flags).items()) if reads.flags else atom.flags,
            (*atom.strings, *self._own_package(atom)) if "imports" in flags else atom.strings,
            tuple(loads),
            tuple([self._inner(inner) for inner in atom.inner]),
            atom.main,
        )

    def _shell(self) -> tuple[bytes, tuple[Node, ...]]:
        """Say what runs with the module, and what that leads to."""
        imported: set[Reference] = set()
        running: set[Reference] = set()
        for atom in self._module.summary.atoms:
            if atom.main:
                continue
            if atom.kind == "import":
                imported.update(_imported(atom, self._stars(atom)))
            else:
                running.update(self._unhanded(atom))
                for decorator in atom.decorators:
                    running.update(decorator.reads)
        facts, edges = self._read(running)
        return _combined([self._module.summary.shell], facts | self._read(imported)[0]), edges

    def _unhanded(self, atom: Atom) -> Sequence[Reference]:
        """Give what a statement reads when it runs, without what is handed to a pipeline: that does not run."""
        handed = {
            ref
            for callee, _, args, _, _ in atom.now.calls
            if args and self._belongs_to_pipeline(callee)
            for _, ref in args
        }
        return [ref for ref in atom.shell_reads if ref not in handed] if handed else atom.shell_reads

    def _read(self, refs: Collection[Reference]) -> tuple[set[str], tuple[Node, ...]]:
        """Say what references rest on, and what they lead to."""
        if not refs:
            return set(), ()
        reads = self._meanings.read(refs)
        return reads.facts, tuple(sorted(reads.nodes))

    def _belongs_to_pipeline(self, path: Reference) -> bool:
        targets = self._program.resolve(self._module, path) if path else ()
        return bool(targets) and all(map(self._effects.is_pipeline, targets))

    def _own_bases(self, atom: Atom) -> tuple[Node, ...]:
        bases = self._program.resolved(self._module, atom.bases)
        return tuple(sorted({base.node for base in bases if _ours(base.node)}))

    def _inner(self, inner: Inner) -> InnerLink:
        facts, edges = self._read(inner.reads)
        hint_facts, hint_edges = self._read(inner.hint_reads)
        own, hints = _combined([inner.hash], facts), _combined([inner.hints], hint_facts)
        return InnerLink(inner.qualname, inner.line, inner.column, own, hints, edges, hint_edges)

    def _loads(self, atom: Atom, reads: Reads) -> Iterator[str]:
        """Give the modules that an import at module level runs; what a compound statement finds is part of it."""
        for ref in atom.loads:
            origin, _, name = ref.partition(":")
            origin = self._module.absolute(origin)
            for candidate in (origin, f"{origin}.{name}" if name else ""):
                if candidate and self._program.module(candidate) is not None:
                    yield candidate
            if atom.kind != "import":
                reads.add(self._meanings.presence(origin))

    def _stars(self, atom: Atom) -> list[str]:
        """Give the modules of which a statement imports all names."""
        module, summary = self._module, self._module.summary
        return [module.absolute(star) for number, star in summary.stars if summary.atoms[number] is atom]

    def _variables(self, atom: Atom, reads: Reads) -> None:
        """Environment variables, by name or by a constant that holds the name."""
        for name in atom.environ:
            if not name.startswith("$"):
                reads.nodes.add("$" + name)
                continue
            for target in self._program.resolve(self._module, name[1:]):
                for where, other in self._program.atoms(target.node):
                    self._program.examined.add(where.name)
                    reads.nodes.update("$" + string for string in other.strings)

    def _own_package(self, atom: Atom) -> Iterator[str]:
        """Give the packages whose modules are looked for by computed names, `plugins.`."""
        package = self._module.absolute(".")
        roots = {ref.partition(".")[0] for ref in atom.reads}
        relative = any(string.startswith(".") and not string.endswith(".py") for string in atom.strings)
        if package and (relative or roots & {"__name__", "__package__", "__path__", "__file__", "__spec__"}):
            yield package + "."
        for ref in atom.reads:
            if ref.endswith(".__path__"):
                targets = self._program.resolve(self._module, ref.removesuffix(".__path__"))
                yield from (target.node[:-1] + "." for target in targets if target.node.endswith(":"))


def _imported(atom: Atom, stars: Iterable[str]) -> tuple[Reference, ...]:
    """Give what stands for all that an import brings."""
    return (*atom.names, *[f"{star}:" for star in stars])


def _ours(node: Node) -> bool:
    return node[0] not in "^?" and not node.endswith(":")


def _combined(hashes: list[bytes], facts: set[str]) -> bytes:
    if len(hashes) == 1 and not facts:
        return hashes[0]
    return digest_of([each.hex() for each in hashes] + sorted(facts))
