"""The modules of a program, and what a reference in one of them means.

A node is text: `pkg.mod:name` (a binding), `pkg.mod:` (all of a module), `?pkg` (a module that is not there),
`^os.environ` (a standard module, to its first attribute), `^numpy` (an installed module).
"""

import marshal
import sys
from collections.abc import Iterable, Iterator, Set
from typing import NamedTuple

from blake3 import blake3

from pivot.fingerprint.imports import Finder, Found
from pivot.fingerprint.scopes import Reference
from pivot.fingerprint.summaries import Summaries
from pivot.fingerprint.summary import COMPUTED, Atom, Summary

Node = str
_OF_EVERY_MODULE = frozenset(["__name__", "__file__", "__path__", "__package__", "__spec__", "__loader__", "__doc__"])


class Target(NamedTuple):
    """What a reference means."""

    node: Node
    rest: str = ""
    """The attributes that are left."""


Resolved = tuple[tuple[Target, ...], set[str]]
"""What a reference means, and what of modules that depends on."""


class Module:
    """One first-party module."""

    def __init__(self, name: str, found: Found, summary: Summary) -> None:
        self.name = name
        self.found = found
        self.summary = summary
        self.names = summary.names()
        imported = {name for atom in summary.atoms for name, _ in atom.imports}
        self.own: Set[str] = frozenset() if summary.stars else self.names.keys() - imported
        """The names that are this module's, whatever other modules are."""
        self.resolved: dict[Reference, Resolved] = {}
        """What references mean in it, as far as a `Program` was asked."""

    def binding(self, name: str) -> list[Atom]:
        """Give the statements that bind a name, imports left out."""
        atoms = [self.summary.atoms[number] for number in self.names.get(name, ())]
        return [atom for atom in atoms if atom.kind != "import"]

    def outline(self) -> str:
        """Say what resolving any name in this module looks at."""
        summary = self.summary
        exports = COMPUTED if summary.exports and COMPUTED in summary.exports else summary.exports is None
        return f"{self.found.file} {self.found.package} {summary.error} {summary.stars} {exports}"

    def outline_of(self, name: str) -> str:
        """Hash what resolving one name in this module looks at: everything but what functions do."""
        exported = self.summary.exports is not None and name in self.summary.exports
        shapes = [_shape(self.summary.atoms[number], name) for number in self.names.get(name, ())]
        return blake3(marshal.dumps((exported, shapes))).hexdigest()

    def absolute(self, module: str) -> str:
        """Resolve leading dots."""
        level = len(module) - len(module.lstrip("."))
        if not level:
            return module
        parts = self.name.split(".") if self.found.package else self.name.split(".")[:-1]
        parts = parts[: len(parts) - level + 1]
        return ".".join([*parts, *filter(None, [module[level:]])])


def _shape(atom: Atom, name: str) -> tuple[object, ...]:
    """Give what a statement is to those who read a name that it binds."""
    per_name = (atom.imports, atom.aliases, atom.holds, atom.makers)
    named = tuple([tuple([ref for bound, ref in pairs if bound == name]) for pairs in per_name])
    decorators, methods = tuple([each.path for each in atom.decorators]), tuple([unit.name for unit in atom.later])
    return (atom.kind, atom.names, named, atom.bases, decorators, methods)


class Program:
    """Modules by name, read when asked for."""

    def __init__(self, finder: Finder, summaries: Summaries) -> None:
        self.finder = finder
        self._summaries = summaries
        self._modules: dict[str, Module | None] = {}
        self.consulted: set[str] = set()
        """What answers depended on, `module` or `module:name`, present or not; cleared by who wants to know."""
        self.examined: set[str] = set()
        """Modules of which more than the outline was looked at."""

    def find(self, name: str) -> Found | None:
        """Say where a module comes from."""
        self.consulted.add(name)
        return self.finder.find(name)

    def module(self, name: str) -> Module | None:
        """Give a first-party module; None for any other."""
        self.consulted.add(name)
        if name not in self._modules:
            found = self.finder.find(name)
            ours = found is not None and found.ours
            self._modules[name] = Module(name, found, self._summaries.of(found.file)) if found and ours else None
        return self._modules[name]

    def known(self, name: str) -> Module | None:
        """Give a first-party module if it was read already."""
        return self._modules.get(name)

    def atoms(self, node: Node) -> list[tuple[Module, Atom]]:
        """Give the statements behind a binding."""
        self.consulted.add(node)
        module = self.module(node.partition(":")[0])
        return [] if module is None else [(module, atom) for atom in module.binding(node.partition(":")[2])]

    def resolve(self, module: Module, ref: Reference) -> tuple[Target, ...]:
        """Say what a reference means in a module."""
        known = module.resolved.get(ref)
        if known is None:
            known = module.resolved[ref] = self._search(module, ref)
        targets, consulted = known
        self.consulted |= consulted
        return targets

    def _search(self, module: Module, ref: Reference) -> Resolved:
        name, _, rest = ref.partition(".")
        if name in module.own and ":" not in rest:
            node = f"{module.name}:{name}"
            return (Target(node, rest),), {node}
        before, self.consulted = self.consulted, set()
        targets = tuple(dict.fromkeys(_Search(self).reference(module, ref)))
        consulted, self.consulted = self.consulted, before
        return targets, consulted

    def resolved(self, module: Module, refs: Iterable[Reference]) -> Iterator[Target]:
        """Resolve several."""
        for ref in refs:
            yield from self.resolve(module, ref)


def short(node: Node) -> Node:
    """Shorten a library's node: a standard module to its first attribute, an installed one to its package."""
    top, _, rest = node[1:].partition(".")
    if top not in sys.stdlib_module_names or not rest:
        return "^" + top
    return f"^{top}.{rest.partition('.')[0]}"


class _Search:
    """One resolution; it does not go round in circles of imports.

    What is left of a reference goes along as text: `rest`.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._trail: set[tuple[Node, str]] = set()

    def reference(self, module: Module, ref: Reference) -> list[Target]:
        origin, colon, rest = ref.partition(":")
        if colon and origin:
            return self.in_module(module.absolute(origin), rest.lstrip("."))
        name, _, rest = (rest if colon else ref).partition(".")
        return self.name(module, name, rest)

    def name(self, module: Module, name: str, rest: str) -> list[Target]:
        """Look a name up in the globals of a module."""
        node = f"{module.name}:{name}"
        self._program.consulted.add(node)
        if (node, rest) in self._trail:
            return []
        self._trail.add((node, rest))
        if name in module.own:
            return [Target(node, rest)]
        found = self._bound(module, name, rest) + self._starred(module, name, rest)
        if not any(target.node[0] != "^" for target in found) and name not in module.names:
            found += self._unbound(module, name, rest)
        return found

    def _bound(self, module: Module, name: str, rest: str) -> list[Target]:
        found: list[Target] = []
        own = False
        for number in module.names.get(name, ()):
            atom = module.summary.atoms[number]
            own |= atom.kind != "import"
            for bound, origin in atom.imports:
                if bound == name:
                    found += self.reference(module, f"{origin}.{rest}" if rest else origin)
        return [*found, Target(f"{module.name}:{name}", rest)] if own else found

    def _starred(self, module: Module, name: str, rest: str) -> list[Target]:
        found: list[Target] = []
        for _, starred in module.summary.stars:
            origin = module.absolute(starred)
            other = self._program.module(origin)
            if other is None:
                place = self._program.find(origin)
                if place is not None and place.origin == "installed" and name not in module.names:
                    found.append(Target("^" + origin.partition(".")[0]))
            elif self.exports(other, name):
                found += self._attribute(other, name, rest)
                if other.summary.exports is not None:
                    found.append(Target(f"{origin}:__all__"))
        return found

    def _unbound(self, module: Module, name: str, rest: str) -> list[Target]:
        below = f"{module.name}.{name}"
        if module.found.package and self._program.find(below) is not None:
            return self.in_module(below, rest)
        return [] if name in _OF_EVERY_MODULE else [Target(f"{module.name}:{name}", rest)]

    def exports(self, module: Module, name: str, seen: frozenset[str] = frozenset()) -> bool:
        """Tell whether a star import of a module brings a name."""
        self._program.consulted.add(f"{module.name}:{name}")
        if module.name in seen:
            return False
        exports = module.summary.exports
        if exports is not None and (name in exports or COMPUTED not in exports):
            return name in exports
        if exports is None and name.startswith("_"):
            return False
        others = (self._program.module(module.absolute(star)) for _, star in module.summary.stars)
        return name in module.names or any(
            other is not None and self.exports(other, name, seen | {module.name}) for other in others
        )

    def in_module(self, name: str, rest: str) -> list[Target]:
        """Follow attributes from a module object."""
        found = self._program.find(name)
        module = self._program.module(name)
        first, _, left = rest.partition(".")
        if module is not None:
            return self._attribute(module, first, left) if rest else [Target(f"{name}:")]
        if found is None:
            return [Target("?" + name)]
        if found.origin in ("standard", "installed"):
            return [Target(f"^{name}.{rest}" if rest else f"^{name}")]
        if rest and found.origin == "namespace":
            return self.in_module(f"{name}.{first}", left)
        return [Target(f"{name}:")]

    def _attribute(self, module: Module, name: str, rest: str) -> list[Target]:
        self._program.consulted.update((f"{module.name}:{name}", f"{module.name}:__getattr__"))
        if name in ("__dict__", "__annotations__"):
            return [Target(f"{module.name}:")]
        below = f"{module.name}.{name}"
        is_module = module.found.package and self._program.find(below) is not None
        found = self.in_module(below, rest) if is_module else []
        starred = any(self.exports(other, name) for other in self._stars(module))
        if name in module.names or starred or not is_module:
            found += self.name(module, name, rest)
        if name not in module.names and not is_module and "__getattr__" in module.names:
            found += self.name(module, "__getattr__", "")
        return found

    def _stars(self, module: Module) -> Iterator[Module]:
        for _, star in module.summary.stars:
            other = self._program.module(module.absolute(star))
            if other is not None:
                yield other
