"""The graph of definitions: what each node says, and what it reaches.

Nodes, besides those of `program`: `m#3` (a statement that others reach for what it changes), `m#3.1` (a lambda in it),
`m:f~` (the annotations of a binding), `m:f@` (its docstring as well), `m!` (a module that runs), `m/*` (all modules of
a package), `=numpy` (a distribution), `$X` (an environment variable), `+kind name` (what a module read while defining).
"""

from collections.abc import Iterable

from blake3 import blake3

from pivot.fingerprint.by_name import ByName
from pivot.fingerprint.distributions import normalised
from pivot.fingerprint.effects import EVERYTHING
from pivot.fingerprint.links import AtomLink, InnerLink, ModuleLink
from pivot.fingerprint.observed import ImportFact
from pivot.fingerprint.outside import Outside
from pivot.fingerprint.program import Node
from pivot.fingerprint.universe import AtomId
from pivot.fingerprint.world import NO_FLAGS, Expansion, Fact, Mode, World, leaf

_BY_NAME = frozenset(["names", "imports"])


class Graph:
    """Expands nodes, in one mode."""

    def __init__(self, world: World, mode: Mode) -> None:
        self._world = world
        self._mode = mode
        self._by_name = ByName(world, mode)
        self.outside = Outside(world, self._by_name)

    def expand(self, node: Node) -> Expansion:
        """Say what a node says and reaches."""
        kind = node[0]
        if kind == "^":
            return self.outside.library(node)
        if kind == "=":
            return self.outside.distribution(node)
        if kind == "$":
            return self.outside.variable(node[1:])
        if kind == "?":
            return leaf(f"module {node[1:]}", "absent")
        if kind == "+":
            name, _, value = node[1:].rpartition("=")
            return leaf(name, value or "none")
        if node.endswith("/*"):
            return self.outside.package(node[:-2])
        if node.endswith("!"):
            return Expansion(None, (), NO_FLAGS)
        if node.endswith(":"):
            return self._module(node[:-1])
        if node[-1] in "~@":
            return self._shown(node)
        if "#" in node:
            return self._statement(node)
        return self._binding(node)

    # Ours

    def _link(self, node: Node) -> ModuleLink | None:
        return self._world.links(node.partition(":")[0].partition("#")[0])

    def _binding(self, node: Node) -> Expansion:
        module, _, name = node.partition(":")
        link = self._world.links(module)
        if link is None:
            return self.outside.foreign_module(module)
        if link.error:
            return self._module(module)
        numbers = self._world.bindings(link).get(name, [])
        atoms = [link.atoms[number] for number in numbers]
        changing = self._changing(node, link)
        if len(atoms) == 1 and not changing and self._is_plain(link, atoms[0]):
            return Expansion(Fact(f"{link.label}.{name}", atoms[0].own.hex()), atoms[0].edges, NO_FLAGS)
        children, flags, notes = self._reached(link, atoms)
        children += [f"{where}#{number}" for where, number in changing]
        own = [self.own(atom, link.future) for atom in atoms]
        if len(own) + len(changing) > 1:
            own += [self._order(atom) for atom in changing]
        if not own:
            return Expansion(None, tuple(children), flags)
        children += self._module_facts(link, numbers)
        if "subclasses" in self._mode:
            children += self._world.universe.subclasses.get(node, [])
        return Expansion(Fact(f"{link.label}.{name}", _joined(own)), tuple(children), flags, notes)

    def _is_plain(self, link: ModuleLink, atom: AtomLink) -> bool:
        """Tell whether a statement is no more than what it says and reads, as almost all are."""
        special = self._mode or atom.flags or atom.shown or atom.hides or link.name in self._world.facts
        return not (special or (atom.absent and self._world.universe.hidden_builtins(link.name, atom.absent)))

    def _changing(self, node: Node, link: ModuleLink) -> list[AtomId]:
        """Give the statements that change a binding, by name or by changing anything in its module."""
        changes = self._world.universe.changes
        named, anything = changes.get(node, []), changes.get(f"{link.name}:*", [])
        return list(dict.fromkeys([*named, *anything])) if anything else named

    def _order(self, atom: AtomId) -> bytes:
        link = self._world.links(atom[0])
        return self.own(link.atoms[atom[1]]) if link is not None else b""

    def own(self, atom: AtomLink, future: bool = False) -> bytes:
        """Give what a statement says, as far as anything reads it."""
        parts = [atom.own]
        if "source" in self._mode:
            parts.append(atom.raw)
        if "docs" in self._mode or atom.hides == 2:
            parts.append(atom.docs)
        if "hints" in self._mode or atom.hides:
            parts.append(atom.hints)
        if "hints" in self._mode and future:
            parts.append(b"future")
        return parts[0] if len(parts) == 1 else blake3(b"".join(part or bytes(32) for part in parts)).digest()

    def _reached(
        self, link: ModuleLink, atoms: Iterable[AtomLink]
    ) -> tuple[list[Node], frozenset[str], tuple[str, ...]]:
        children: list[Node] = []
        flags: set[str] = set()
        notes: list[str] = []
        for atom in atoms:
            children += atom.edges
            children += [f"{node}@" for node in atom.shown]
            if "hints" in self._mode or atom.hides:
                children += atom.hint_edges
            if atom.absent:
                children += self._world.universe.hidden_builtins(link.name, atom.absent)
            if self._mode & _BY_NAME:
                children += self._by_name.strings(link, atom.strings)
            for flag, line in atom.flags:
                flags.add(flag)
                children += self._flagged(flag, atom)
                notes += _note(flag, link, line)
        if "docs" in self._mode and link.doc:
            children.append(f"{link.name}:__doc__@")
        return children, frozenset(flags), tuple(notes)

    def _flagged(self, flag: str, atom: AtomLink) -> list[Node]:
        if flag == "frames":
            return [f"{module}:" for module in self._world.universe.modules]
        if flag == "versions":
            return [f"={normalised(string)}" for string in atom.strings] or ["=*"]
        return ["=*"] if flag == "distributions" else []

    def _module_facts(self, link: ModuleLink, numbers: Iterable[int]) -> list[Node]:
        """Give what a module read while it ran these statements; a read that no statement spans counts for all."""
        found = []
        for fact in self._world.facts.get(link.name, ()):
            spanning = [n for n, atom in enumerate(link.atoms) if atom.line <= fact.line <= atom.end]
            if not spanning or not set(spanning).isdisjoint(numbers):
                found.append(_fact_node(fact))
        return found

    def _statement(self, node: Node) -> Expansion:
        module, _, place = node.partition("#")
        link = self._world.links(module)
        if link is None:
            return leaf(f"module {module}", "absent")
        number, _, inner = place.partition(".")
        atom = link.atoms[int(number)]
        if inner:
            return self._inner(link, atom.inner[int(inner)])
        children, flags, notes = self._reached(link, [atom])
        children += self._module_facts(link, [int(number)])
        name = self._statement_name(link, int(number))
        return Expansion(Fact(name, self.own(atom).hex()), tuple(children), flags, notes)

    def _statement_name(self, link: ModuleLink, number: int) -> str:
        """Name a statement by what it binds, or by what it changes; where several do the same, by number."""
        atom = link.atoms[number]
        if len(atom.names) == 1 and self._world.bindings(link).get(atom.names[0]) == [number]:
            changed = self._world.universe.changes.get(f"{link.name}:{atom.names[0]}")
            if not changed:
                return f"{link.label}.{atom.names[0]}"
        alike = [other for other in link.atoms if other.names == atom.names and other.changes == atom.changes]
        about = ", ".join(atom.names) or " and ".join(self._readable(node) for node in atom.changes[:3]) or "statement"
        rank = next(index for index, other in enumerate(alike) if other is atom)
        return f"{link.label} ({'binds' if atom.names else 'changes'} {about}{f' #{rank + 1}' if rank else ''})"

    def _readable(self, node: Node) -> str:
        if node == EVERYTHING:
            return "the interpreter"
        if node[0] == "^":
            return node[1:]
        module, _, name = node.partition(":")
        label = self._world.finder.label(module)
        return f"{label}.{name}" if name not in ("*", "") else label

    def _inner(self, link: ModuleLink, inner: InnerLink) -> Expansion:
        return Expansion(Fact(f"{link.label}.{inner.qualname}", inner.own.hex()), inner.edges, NO_FLAGS)

    def _shown(self, node: Node) -> Expansion:
        """Give the annotations of a definition, and its docstring too."""
        link = self._link(node)
        if link is None:
            return Expansion(None, (), NO_FLAGS)
        if node.endswith(":__doc__@"):
            return leaf(f"{link.label} (docstring)", link.doc.hex())
        name, atoms = self._behind(link, node[:-1])
        parts = [atom.hints for atom in atoms]
        if node.endswith("@"):
            parts += [atom.docs for atom in atoms if isinstance(atom, AtomLink)]
        children = tuple(edge for atom in atoms for edge in atom.hint_edges)
        if not any(parts):
            return Expansion(None, children, NO_FLAGS)
        what = "docstring and annotations" if node.endswith("@") else "annotations"
        return Expansion(Fact(f"{name} ({what})", _joined(parts)), children, NO_FLAGS)

    def _behind(self, link: ModuleLink, node: Node) -> tuple[str, list[AtomLink | InnerLink]]:
        """Give the definitions that a node stands for, with their name."""
        _, hashed, place = node.partition("#")
        if hashed:
            number, _, inner = place.partition(".")
            if inner:
                found = link.atoms[int(number)].inner[int(inner)]
                return f"{link.label}.{found.qualname}", [found]
            return self._statement_name(link, int(number)), [link.atoms[int(number)]]
        name = node.partition(":")[2]
        return f"{link.label}.{name}", [link.atoms[number] for number in self._world.bindings(link).get(name, ())]

    def _module(self, name: str) -> Expansion:
        """Take a module whole: definitions in any order, what else it runs in the order of the text."""
        link = self._world.links(name)
        if link is None:
            return self.outside.foreign_module(name)
        if link.error:
            return leaf(f"{link.label} (not Python: {link.error})", link.digest)
        atoms = [atom for atom in link.atoms if not atom.main or self._mode & _BY_NAME]
        children, flags, notes = self._reached(link, atoms)
        children += [f"{name}:{bound}" for bound in self._world.bindings(link)]
        if link.package:  # who has the package can get at any of its modules that runs
            children += [f"{module}:" for module in self._world.universe.modules if module.rpartition(".")[0] == name]
        if self._mode & _BY_NAME:  # as a script, it imports also what it imports only then
            children += [f"{module}:" for atom in link.atoms if atom.main for module in atom.loads]
        changing = [
            atom for node, atoms in self._world.universe.changes.items() for atom in atoms if _is_of(node, name)
        ]
        children += [f"{where}#{number}" for where, number in dict.fromkeys(changing) if where != name]
        children += self._module_facts(link, range(len(link.atoms)))
        definitions = sorted(self.own(atom) + "".join(atom.names).encode() for atom in atoms if atom.kind == "def")
        others = [self.own(atom) for atom in atoms if atom.kind not in ("def", "import")]
        return Expansion(Fact(f"{link.label} (all)", _joined([*definitions, *others])), tuple(children), flags, notes)


_NOTES = {
    "globals": "uses names by text: all of the module counts",
    "frames": "looks at its callers: all imported modules count",
    "imports": "imports modules by computed names: all modules that some text names, or begins to name, count",
    "names": "runs code that text may name: all modules named by text count",
    "source": "reads source text or line numbers: formatting counts",
    "docs": "reads docstrings: they count",
    "hints": "reads annotations: they count",
    "distributions": "looks at what is installed: all packages count",
}


def _note(flag: str, link: ModuleLink, line: int) -> list[str]:
    return [f"{link.label}:{line} {_NOTES[flag]}"] if flag in _NOTES else []


def _fact_node(fact: ImportFact) -> Node:
    kinds = {"environment": "environment variable", "present": "path", "missing": "path"}
    value = fact.value or fact.kind
    return f"+{kinds.get(fact.kind, fact.kind)} {fact.name}={value}"


def _is_of(node: Node, module: str) -> bool:
    return node.partition(":")[0] == module and ":" in node


def _joined(parts: list[bytes]) -> str:
    if len(parts) == 1:
        return parts[0].hex()
    return blake3(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).hexdigest()
