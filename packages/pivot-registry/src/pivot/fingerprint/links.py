"""One module, resolved: what each of its statements is, reaches, changes and shows to others; plain data to keep."""

import builtins
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from pivot.fingerprint.canonical import digest_of
from pivot.fingerprint.effects import Effects
from pivot.fingerprint.exposure import Exposure
from pivot.fingerprint.marks import flag_of
from pivot.fingerprint.program import Module, Node, Program, short
from pivot.fingerprint.scopes import Reference
from pivot.fingerprint.summary import Atom, Inner

_BUILTINS = frozenset(dir(builtins))


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
    shell: bytes
    """What runs with the module, and what names in it mean."""
    shell_edges: tuple[Node, ...]
    """What that reads; functions that are handed to a pipeline, and do not run, left out."""
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
    consulted: tuple[str, ...]
    """What of other modules the links depend on: `module` or `module:name`."""
    examined: tuple[str, ...]
    """Modules that they depend on altogether."""

    def to_data(self) -> tuple[Any, ...]:
        """Give it as plain tuples."""
        atoms = tuple((*atom[:_INNER], tuple(map(tuple, atom.inner)), atom.main) for atom in self.atoms)
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
    """Resolves modules one by one."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._effects = Effects(program)
        self._exposure = Exposure(program)

    def link(self, module: Module) -> ModuleLink:
        """Resolve all statements of a module."""
        self._program.consulted, self._program.examined = set(), set()
        summary, found = module.summary, module.found
        atoms = tuple(self._atom(module, atom) for atom in summary.atoms)
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
            tuple(sorted(key for key in self._program.consulted if key.partition(":")[0] != module.name)),
            tuple(sorted(self._program.examined - {module.name})),
        )

    def _atom(self, module: Module, atom: Atom) -> AtomLink:
        refs, hashes = list(atom.reads), [atom.hash]
        for decorator in atom.decorators:
            if not self._belongs_to_pipeline(module, decorator.path):
                refs += decorator.reads
                hashes.append(decorator.hash)
        hint_refs, hints = atom.hint_reads, [atom.hints]
        if atom.fields:
            if self._exposure.reads_fields(module, atom):
                refs += atom.field_reads
                hashes.append(atom.fields)
            else:
                hint_refs += atom.field_reads
                hints.append(atom.fields)
        if atom.kind == "import":  # reached only with the module as a whole
            refs += [*atom.names, *(f"{star}:" for star in self._stars(module, atom))]
        reads = _Reads(self._program, module, refs, atom.line)
        hint_facts, hint_edges = self._read(module, hint_refs)
        shell, shell_edges = self._shell(module, atom, reads)
        loads = list(self._loads(module, atom, reads))
        self._variables(module, atom, reads)
        flags = dict(atom.flags)
        if "globals" in flags:
            reads.nodes.add(f"{module.name}:")
        return AtomLink(
            kind=atom.kind,
            names=atom.names,
            line=atom.line,
            end=atom.end,
            own=_combined(hashes, reads.facts) if atom.hash else b"",
            hints=_combined(hints, hint_facts) if any(hints) else b"",
            docs=atom.docs,
            raw=atom.raw,
            edges=tuple(sorted(reads.nodes)),
            hint_edges=hint_edges,
            absent=tuple(sorted(reads.absent)),
            hides=self._exposure.of(module, atom),
            shown=tuple(sorted(self._exposure.shown(module, atom))),
            changes=() if atom.main else tuple(sorted(self._effects.of(module, atom))),
            subclass_of=tuple(sorted({t.node for t in self._program.resolved(module, atom.bases) if _ours(t.node)})),
            flags=tuple((reads.flags | flags).items()),
            strings=(*atom.strings, *self._own_package(module, atom)) if "imports" in flags else atom.strings,
            loads=tuple(dict.fromkeys(loads)),
            shell=shell,
            shell_edges=shell_edges,
            inner=tuple([self._inner(module, inner) for inner in atom.inner]),
            main=atom.main,
        )

    def _shell(self, module: Module, atom: Atom, reads: "_Reads") -> tuple[bytes, tuple[Node, ...]]:
        """Say what of a statement, with these reads in all, runs with the module."""
        if atom.kind == "import":
            return digest_of(sorted(reads.facts)), ()
        refs = self._unhanded(module, atom, atom.shell_reads if atom.shell else atom.reads)
        hashes = [atom.shell or atom.hash, atom.fields]
        for decorator in atom.decorators:
            refs += decorator.reads
            hashes.append(decorator.hash)
        facts, edges = self._read(module, refs)
        return _combined(hashes, facts), edges

    def _read(self, module: Module, refs: Collection[Reference]) -> tuple[set[str], tuple[Node, ...]]:
        """Say what references rest on, and what they lead to."""
        if not refs:
            return set(), ()
        reads = _Reads(self._program, module, refs)
        return reads.facts, tuple(sorted(reads.nodes))

    def _unhanded(self, module: Module, atom: Atom, refs: Sequence[Reference]) -> list[Reference]:
        """Leave out what is handed to a pipeline: it does not run."""
        handed = {
            ref
            for call in atom.now.calls
            if call.args and self._belongs_to_pipeline(module, call.callee)
            for _, ref in call.args
        }
        return [ref for ref in refs if ref not in handed]

    def _belongs_to_pipeline(self, module: Module, path: Reference) -> bool:
        targets = self._program.resolve(module, path) if path else ()
        return bool(targets) and all(self._effects.is_pipeline(target) for target in targets)

    def _inner(self, module: Module, inner: Inner) -> InnerLink:
        facts, edges = self._read(module, inner.reads)
        hint_facts, hint_edges = self._read(module, inner.hint_reads)
        own, hints = _combined([inner.hash], facts), _combined([inner.hints], hint_facts)
        return InnerLink(inner.qualname, inner.line, inner.column, own, hints, edges, hint_edges)

    def _loads(self, module: Module, atom: Atom, reads: "_Reads") -> Iterator[str]:
        """Give the modules that an import at module level runs; what a compound statement finds is part of it."""
        for ref in atom.loads:
            origin, _, name = ref.partition(":")
            origin = module.absolute(origin)
            for candidate in (origin, f"{origin}.{name}" if name else ""):
                if candidate and self._program.module(candidate) is not None:
                    yield candidate
            if atom.kind != "import":
                reads.presence(origin)
        yield from self._stars(module, atom)

    def _stars(self, module: Module, atom: Atom) -> Iterator[str]:
        for number, star in module.summary.stars:
            if module.summary.atoms[number] is atom:
                yield module.absolute(star)

    def _variables(self, module: Module, atom: Atom, reads: "_Reads") -> None:
        """Environment variables, by name or by a constant that holds the name."""
        for name in atom.environ:
            if not name.startswith("$"):
                reads.nodes.add("$" + name)
                continue
            for target in self._program.resolve(module, name[1:]):
                for where, other in self._program.atoms(target.node):
                    self._program.examined.add(where.name)
                    reads.nodes.update("$" + string for string in other.strings)

    def _own_package(self, module: Module, atom: Atom) -> Iterator[str]:
        """Give the packages whose modules are looked for by computed names, `plugins.`."""
        package = module.absolute(".")
        roots = {ref.partition(".")[0] for ref in atom.reads}
        relative = any(string.startswith(".") and not string.endswith(".py") for string in atom.strings)
        if package and (relative or roots & {"__name__", "__package__", "__path__", "__file__", "__spec__"}):
            yield package + "."
        for ref in atom.reads:
            if ref.endswith(".__path__"):
                targets = self._program.resolve(module, ref.removesuffix(".__path__"))
                yield from (target.node[:-1] + "." for target in targets if target.node.endswith(":"))


class _Reads:
    """What a piece of code reads, gathered."""

    def __init__(self, program: Program, module: Module, refs: Iterable[Reference], line: int = 0) -> None:
        self._program = program
        self._module = module
        self.nodes: set[Node] = set()
        self.absent: set[str] = set()
        self.facts: set[str] = set()
        """What names mean that come from elsewhere."""
        self.flags: dict[str, int] = {}
        for ref in refs:
            if ref.endswith("!"):
                self.presence(module.absolute(ref[:-1].partition(":")[0]))
                self._run(ref[:-1])
                continue
            for target in program.resolve(module, ref):
                self._read(ref, target.node, line)

    def _read(self, ref: Reference, node: Node, line: int) -> None:
        where, _, name = node.partition(":")
        if where == self._module.name and name:
            if name in self._module.names or name not in _BUILTINS:
                self.nodes.add(node)
            else:
                self.absent.add(name)
        elif node[0] == "^":
            self.facts.add(f"{ref}={node}")
            self.nodes.add(short(node))
            flag = flag_of(node[1:])
            if flag is not None:
                self.flags[flag] = line
        else:
            meaning = node if node[0] == "?" else f"{self._program.finder.label(where)}:{name}"
            self.facts.add(f"{ref}={meaning}")
            self.nodes.add(node)

    def presence(self, module: str) -> None:
        """Whether a module is there, and whose it is, counts where its import may fail."""
        found = self._program.find(module)
        self.facts.add(f"import {module}={found.origin if found else 'missing'}")
        if found is None:
            self.nodes.add("?" + module)
        elif found.origin == "installed":
            self.nodes.add(short("^" + module))

    def _run(self, ref: Reference) -> None:
        """An import inside a function runs modules."""
        origin, _, name = ref.partition(":")
        origin = self._module.absolute(origin)
        for candidate in (origin, f"{origin}.{name}" if name else ""):
            if candidate and self._program.module(candidate) is not None:
                self.nodes.add(candidate + "!")


def _ours(node: Node) -> bool:
    return node[0] not in "^?" and not node.endswith(":")


def _combined(hashes: list[bytes], facts: set[str]) -> bytes:
    if len(hashes) == 1 and not facts:
        return hashes[0]
    return digest_of([each.hex() for each in hashes] + sorted(facts))
