"""One hash for each node and all that it reaches: bottom up over the strongly connected components, in one pass.

Gabow's algorithm ("Path-based depth-first search for strong and biconnected components", 2000), without recursion: a
chain of three thousand helpers is nothing special. A component is the sorted facts of its members and the sorted hashes
of what it reaches; facts carry names, so that exchanged bodies differ.
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
        """How code that a node reaches looks at other code; of most nodes nothing, as none does."""
        self._order: dict[Node, int] = {}
        self._pending: list[Node] = []
        """Nodes of which the component is not complete, in order."""
        self._first: list[Node] = []
        """Of each component on the path, as far as is known, the node that was met first."""

    def add(self, node: Node) -> bytes:
        """Hash a node and all that it reaches."""
        if node not in self.hashes:
            self._visit(node)
        return self.hashes[node]

    def _open(self, node: Node) -> Iterator[Node]:
        expansion = self.expansions[node] = self._expand(node)
        self._order[node] = len(self._order)
        self._pending.append(node)
        self._first.append(node)
        return iter(expansion.children)

    def _visit(self, start: Node) -> None:
        order, first, hashes = self._order, self._first, self.hashes
        path = [(start, self._open(start))]
        while path:
            node, children = path[-1]
            for child in children:
                if child in hashes:
                    continue
                if child not in order:
                    path.append((child, self._open(child)))
                    break
                while order[first[-1]] > order[child]:  # all since then leads back to it
                    first.pop()
            else:
                path.pop()
                if first[-1] == node:
                    first.pop()
                    self._close(node)

    def _close(self, root: Node) -> None:
        """Hash the component that ends here."""
        members = [self._pending.pop()]
        while members[-1] != root:
            members.append(self._pending.pop())
        hashes, known_flags = self.hashes, self.flags
        facts: list[Fact] = []
        flags = NO_FLAGS
        reached: set[bytes] = set()
        for node in members:
            expansion = self.expansions[node]
            if expansion.flags:
                flags |= expansion.flags
            if expansion.fact is not None:
                facts.append(expansion.fact)
            for child in expansion.children:
                if child in hashes:  # those of the component have none yet
                    reached.add(hashes[child])
                    if child in known_flags:
                        flags |= known_flags[child]
        value = _hash(facts, reached)
        for node in members:
            hashes[node] = value
            if flags:
                known_flags[node] = flags

    def reached(self, start: Node) -> list[Node]:
        """Give a node and all that it reaches that says something or leads to what does, nearest first."""
        expansions, hashes = self.expansions, self.hashes
        found, seen = [start], {start}
        for node in found:
            for child in expansions[node].children:
                if child not in seen and hashes[child]:
                    seen.add(child)
                    found.append(child)
        return found


def _hash(facts: list[Fact], reached: set[bytes]) -> bytes:
    """Hash what a component says and the hashes of what it reaches; one that adds nothing is what it reaches."""
    reached.discard(b"")
    if not facts and len(reached) < 2:
        return reached.pop() if reached else b""
    own = "\0".join(sorted([f"{len(name)}:{name}{value}" for name, value in facts]))
    return blake3(own.encode("utf-8", "surrogatepass") + b"\0\0" + b"".join(sorted(reached))).digest()
