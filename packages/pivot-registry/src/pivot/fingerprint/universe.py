"""All modules that run: in which order, and what their statements change."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from pivot.fingerprint.links import ModuleLink
from pivot.fingerprint.program import Node

AtomId = tuple[str, int]
"""(module, number of the statement)."""


class Links(Protocol):
    """Gives modules, resolved."""

    def __call__(self, name: str) -> ModuleLink | None: ...


class Universe:
    """The modules that importing some others runs, in order of execution."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self.modules: dict[str, None] = {}
        """In the order in which they begin."""
        self.changes: dict[Node, list[AtomId]] = {}
        """Binding -> the statements that change it, in the order in which they run."""
        self.subclasses: dict[Node, list[Node]] = {}
        self._changed_modules: set[str] = set()

    def run(self, names: Iterable[str]) -> None:
        """Import modules, those first that come first."""
        stack: list[Iterator[None]] = []
        for name in names:
            for one in _with_parents(name):
                stack.append(self._execute(one, stack))
                while stack:
                    if next(stack[-1], True):
                        stack.pop()

    def _execute(self, name: str, stack: list[Iterator[None]]) -> Iterator[None]:
        """Run one module; its imports go on the stack, and the rest of it waits."""
        link = None if name in self.modules else self._links(name)
        if link is None:
            return
        self.modules[name] = None
        for number, atom in enumerate(link.atoms):
            if atom.main:
                continue
            for loaded in atom.loads:
                for one in _with_parents(loaded):
                    if one not in self.modules:
                        stack.append(self._execute(one, stack))
                        yield None
            for node in atom.changes:
                self.changes.setdefault(node, []).append((name, number))
                self._changed_modules.add(node.partition(":")[0])
            for base in atom.subclass_of:
                self.subclasses.setdefault(base, []).extend(f"{name}:{bound}" for bound in atom.names)

    def grown(self, places: Iterable[str]) -> bool:
        """Import what code imports when it runs; tell whether that was anything new.

        A place is what comes before the colon in nodes.
        """
        before = len(self.modules)
        wanted = {place.rstrip("!") for place in places if not place.startswith(("^", "?", "$", "="))}
        self.run(sorted(name for name in wanted if name not in self.modules))
        return len(self.modules) > before

    def changes_of_library(self, node: Node) -> list[AtomId]:
        """Give the statements that change a library where this node reads it."""
        top = node.partition(".")[0]
        keys = [node, top] if node != top else [key for key in self.changes if key == top or key.startswith(top + ".")]
        return [atom for key in dict.fromkeys(keys) for atom in self.changes.get(key, ())]

    def hidden_builtins(self, module: str, absent: Iterable[str]) -> list[Node]:
        """Give the builtins that something defines anew in a module."""
        if module not in self._changed_modules:
            return []
        return [f"{module}:{name}" for name in absent if f"{module}:{name}" in self.changes]


def _with_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: count + 1]) for count in range(len(parts))]
