"""One hash for each node and all that it reaches: bottom up over the strongly connected components, in one pass.

Tarjan's algorithm ("Depth-first search and linear graph algorithms", 1972), without recursion: a chain of three
thousand helpers is nothing special. A component is the sorted facts of its members and the sorted hashes of what it
reaches; facts carry names, so that exchanged bodies differ.
"""

from collections.abc import Callable, Iterator

from blake3 import blake3

from pivot.fingerprint.program import Node
from pivot.fingerprint.world import NO_FLAGS, Expansion, Fact

Expand = Callable[[Node], Expansion]


class Merkle:
    """Hashes of nodes, of one way to expand them; each node is expanded once."""

    def __init__(self, expand: Expand) -> None:
        self._expand = expand
        self.expansions: dict[Node, Expansion] = {}
        self.hashes: dict[Node, bytes] = {}
        self.flags: dict[Node, frozenset[str]] = {}
        """How code that a node reaches looks at other code."""
        self._order: dict[Node, int] = {}
        self._low: dict[Node, int] = {}
        self._pending: list[Node] = []

    def add(self, node: Node) -> bytes:
        """Hash a node and all that it reaches."""
        if node not in self.hashes:
            self._visit(node)
        return self.hashes[node]

    def _open(self, node: Node) -> Iterator[Node]:
        expansion = self.expansions[node] = self._expand(node)
        self._order[node] = self._low[node] = len(self._order)
        self._pending.append(node)
        return iter(expansion.children)

    def _visit(self, start: Node) -> None:
        order, low, hashes = self._order, self._low, self.hashes
        path = [(start, self._open(start))]
        while path:
            node, children = path[-1]
            for child in children:
                if child in hashes:
                    continue
                if child not in order:
                    path.append((child, self._open(child)))
                    break
                if order[child] < low[node]:
                    low[node] = order[child]
            else:
                path.pop()
                if low[node] == order[node]:
                    self._close(node)
                if path and low[node] < low[path[-1][0]] and node not in hashes:
                    low[path[-1][0]] = low[node]

    def _close(self, root: Node) -> None:
        """Hash the component that ends here."""
        members = [self._pending.pop()]
        while members[-1] != root:
            members.append(self._pending.pop())
        facts: list[Fact] = []
        flags = NO_FLAGS
        below: set[Node] = set()
        for node in members:
            fact, children, looks, _ = self.expansions[node]
            if looks:
                flags |= looks
            below.update(children)
            if fact is not None:
                facts.append(fact)
        below.difference_update(members)
        reached: set[bytes] = set()
        for node in below:
            reached.add(self.hashes[node])
            if looks := self.flags[node]:
                flags |= looks
        value = _hash(facts, reached)
        for node in members:
            self.hashes[node] = value
            self.flags[node] = flags

    def reached(self, start: Node) -> dict[Node, Expansion]:
        """Give all that a node reaches, nearest first."""
        found = {start: self.expansions[start]}
        todo = [start]
        for node in todo:
            for child in self.expansions[node].children:
                if child not in found:
                    found[child] = self.expansions[child]
                    todo.append(child)
        return found


def _hash(facts: list[Fact], reached: set[bytes]) -> bytes:
    """Hash what a component says and the hashes of what it reaches; one that adds nothing is what it reaches."""
    reached.discard(b"")
    if not facts and len(reached) < 2:
        return reached.pop() if reached else b""
    own = "\0".join(sorted([f"{len(fact.name)}:{fact.name}{fact.hash}" for fact in facts]))
    return blake3(own.encode("utf-8", "surrogatepass") + b"\0\0" + b"".join(sorted(reached))).digest()
