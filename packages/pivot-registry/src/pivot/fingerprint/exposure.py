"""Whose docstrings and annotations may be read: those of definitions that a library is handed."""

from collections.abc import Iterator

from pivot.fingerprint.libraries import HARMLESS_BASES, HINT_READERS, PURE_DECORATORS, SILENT
from pivot.fingerprint.program import Module, Node, Program, Target
from pivot.fingerprint.scopes import Reference
from pivot.fingerprint.summary import Atom

_FIELD_DECORATORS = ("dataclass", "define", "frozen", "mutable", "attrs", "s")


class Exposure:
    """Tells what libraries see of the definitions in one module."""

    def __init__(self, program: Program, module: Module) -> None:
        self._program = program
        self._module = module
        self._loud: dict[Reference, bool] = {}

    def of(self, atom: Atom) -> int:
        """0: nothing reads its hints; 1: annotations are read; 2: docstrings too."""
        if not (atom.decorators or atom.bases):
            return 0
        levels = [self._level(decorator.path) for decorator in atom.decorators if decorator.path]
        levels += [self._loudness(target) for target in self._program.resolved(self._module, atom.bases)]
        return max(levels, default=0)

    def _level(self, path: Reference) -> int:
        """A decorator of a library may look at what it is put on; so does `dispatcher.register`."""
        targets = self._program.resolve(self._module, path)
        level = max((self._loudness(target) for target in targets), default=0)
        by_method = any(target.rest for target in targets if target.node[0] not in "^?")
        return max(level, 1 if by_method and path.endswith(".register") else 0)

    def _loudness(self, target: Target, seen: frozenset[Node] = frozenset()) -> int:
        """Say how closely a library looks: an instance of a library's class looks like its library."""
        if target.node[0] == "^":
            path = target.node[1:]
            top = path.partition(".")[0]
            found = self._program.find(top)
            if found is None or found.origin == "standard" or path in PURE_DECORATORS:
                return 0
            return (1 if top in HINT_READERS else 0) if top in SILENT else 2
        if target.node[0] == "?" or target.node.endswith(":") or target.node in seen or not target.rest:
            return 0
        return max((self._loudness(maker, seen | {target.node}) for maker in self._makers(target.node)), default=0)

    def _makers(self, node: Node) -> Iterator[Target]:
        name = node.partition(":")[2]
        for module, atom in self._program.atoms(node):
            for maker in self._program.resolved(module, [ref for bound, ref in atom.makers if bound == name]):
                yield maker._replace(rest=maker.rest or "()") if maker.node[0] not in "^?" else maker

    def shown(self, atom: Atom) -> set[Node]:
        """Give the definitions that a statement passes to a library which may look closely."""
        shown: set[Node] = set()
        for unit in (atom.now, *atom.later):
            for callee, _, args, _, _ in unit.calls:
                if args and self._is_loud(callee):
                    passed = [ref for _, ref in args if ref[0] != "%"]
                    for target in self._program.resolved(self._module, passed):
                        shown.update(self._definition(target))
        return shown - {f"{self._module.name}:{name}" for name in atom.names} if shown else shown

    def _is_loud(self, callee: Reference) -> bool:
        """Many statements call the same few functions, so each is looked up once."""
        if (known := self._loud.get(callee)) is None:
            targets = self._program.resolve(self._module, callee)
            known = self._loud[callee] = any(self._loudness(target) == 2 for target in targets)
        return known

    def _definition(self, target: Target) -> Iterator[Node]:
        if any(atom.kind in ("def", "class") for _, atom in self._program.atoms(target.node)):
            yield target.node

    def reads_fields(self, atom: Atom) -> bool:
        """Tell whether anything evaluates the annotations in the body of a class."""
        return self._reads_fields(self._module, atom, frozenset())

    def _reads_fields(self, module: Module, atom: Atom, seen: frozenset[Node]) -> bool:
        if any(self._may_read(module, decorator.path) for decorator in atom.decorators):
            return True
        return any(self._base_reads(target, seen) for target in self._program.resolved(module, atom.bases))

    def _may_read(self, module: Module, path: Reference) -> bool:
        if path.rpartition(".")[2] in _FIELD_DECORATORS:
            return True
        targets = self._program.resolve(module, path) if path else ()
        return not targets or any(target.node[1:] not in PURE_DECORATORS for target in targets)

    def _base_reads(self, target: Target, seen: frozenset[Node]) -> bool:
        node = target.node
        if node[0] == "^":
            return node[1:] not in HARMLESS_BASES
        name = node.partition(":")[2]
        atoms = self._program.atoms(node)
        if not atoms:
            return name not in HARMLESS_BASES
        if node in seen:
            return False
        return any(self._class_reads(where, base, seen | {node}) for where, base in atoms)

    def _class_reads(self, module: Module, base: Atom, seen: frozenset[Node]) -> bool:
        hooked = any(unit.name in ("__init_subclass__", "__new__", "__prepare__") for unit in base.later)
        return base.kind != "class" or hooked or self._reads_fields(module, base, seen)
