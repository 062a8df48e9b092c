"""From roots to nodes: the statement, or the lambda in one, at which a stage starts."""

from collections.abc import Iterable, Mapping

from pivot.fingerprint.links import AtomLink, ModuleLink
from pivot.fingerprint.program import Node
from pivot.fingerprint.roots import Root
from pivot.fingerprint.universe import Links


class Locator:
    """Finds definitions by name; where a name is not enough, by line and column."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._indexes: dict[str, dict[str, list[int]]] = {}

    def _binding(self, link: ModuleLink, name: str) -> list[int]:
        """Give the statements that bind a name, imports and scripts' own included."""
        return self._index(link).get(name, [])

    def _index(self, link: ModuleLink) -> Mapping[str, list[int]]:
        if link.name not in self._indexes:
            index: dict[str, list[int]] = {}
            for number, atom in enumerate(link.atoms):
                for bound in atom.names:
                    index.setdefault(bound, []).append(number)
            self._indexes[link.name] = index
        return self._indexes[link.name]

    def is_there(self, root: Root) -> bool:
        """Tell whether a root names code that exists."""
        link = self._links(root.module)
        if link is None:
            return False
        first = root.qualname.partition(".")[0]
        return not first or first.startswith("<") or bool(self._binding(link, first))

    def places(self, modules: Iterable[str]) -> list[tuple[str, list[int]]]:
        """Give the lines that tell definitions of one name, and lambdas, apart."""
        found = []
        for name in sorted(set(modules)):
            link = self._links(name)
            if link is not None:
                several = (numbers for numbers in self._index(link).values() if len(numbers) > 1)
                doubtful = {number for numbers in several for number in numbers}
                for number, atom in enumerate(link.atoms):
                    if atom.inner or number in doubtful:
                        lines = [inner.line for inner in atom.inner] + ([atom.line] if number in doubtful else [])
                        found.append((name, lines))
        return found

    def locate(self, root: Root) -> list[Node]:
        """Give the nodes at which a root starts; all of the module if the place cannot be told."""
        link = self._links(root.module)
        first = root.qualname.partition(".")[0]
        if link is None or not first or link.error:
            return [f"{root.module}:"]
        binding = self._binding(link, first)
        if binding:
            return self._bound(link, binding, first, root)
        return self._anonymous(link, root) or [f"{root.module}:"]

    def _bound(self, link: ModuleLink, binding: list[int], name: str, root: Root) -> list[Node]:
        here = [number for number in binding if _spans(link.atoms[number], root.line)]
        for number in here:
            if inner := _inner(link, number, root, name):
                return inner
        if len(binding) == 1 or not here:
            return [f"{link.name}:{name}"]
        return [f"{link.name}#{number}" for number in here]

    def _anonymous(self, link: ModuleLink, root: Root) -> list[Node]:
        """Find a lambda by its place, or everything on its line."""
        found: list[Node] = []
        for number, atom in enumerate(link.atoms):
            if _spans(atom, root.line):
                found += _inner(link, number, root, root.qualname) or [f"{link.name}#{number}"]
        return found


def _spans(atom: AtomLink, line: int) -> bool:
    return atom.line <= line <= atom.end


def _inner(link: ModuleLink, number: int, root: Root, name: str) -> list[Node]:
    fitting = [
        (index, inner)
        for index, inner in enumerate(link.atoms[number].inner)
        if inner.qualname == name and inner.line == root.line
    ]
    exact = [index for index, inner in fitting if root.column in (-1, inner.column)]
    return [f"{link.name}#{number}.{index}" for index in exact or [index for index, _ in fitting]]
