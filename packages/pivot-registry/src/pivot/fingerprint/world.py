"""What the graph of definitions is made from, and what its nodes are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pivot.fingerprint.distributions import Distributions, Environment
from pivot.fingerprint.imports import Finder
from pivot.fingerprint.links import ModuleLink
from pivot.fingerprint.observed import ImportFact
from pivot.fingerprint.program import Node
from pivot.fingerprint.universe import Links, Universe

Mode = frozenset[str]
MODES: Mode = frozenset(["hints", "docs", "source", "names", "imports", "subclasses"])
"""Ways of looking at code that concern all that the looking code can reach."""
NO_FLAGS: frozenset[str] = frozenset()


class Fact(NamedTuple):
    """What a node says by itself."""

    name: str
    """For people, in manifests."""
    hash: str


@dataclass(slots=True)
class Expansion:
    """A node with what it reaches.

    Not a tuple: what it holds is read far more often than it is made, and a slot is read in a tenth of the time.
    """

    fact: Fact | None
    children: tuple[Node, ...]
    flags: frozenset[str]
    notes: tuple[str, ...] = ()


class World(NamedTuple):
    """All that nodes are made from."""

    links: Links
    finder: Finder
    universe: Universe
    distributions: Distributions
    environ: Mapping[str, str]
    environment: Environment
    facts: Mapping[str, list[ImportFact]]
    """Module -> what it read while defining itself."""
    indexes: dict[str, dict[str, list[int]]]
    """Module -> name -> the statements that bind it; filled by `bindings`."""

    def bindings(self, link: ModuleLink) -> Mapping[str, list[int]]:
        """Say which statements of a module bind each name; found out once, as modules may have thousands."""
        if link.name not in self.indexes:
            self.indexes[link.name] = link.bound()
        return self.indexes[link.name]


def leaf(name: str, value: str) -> Expansion:
    """Make a node that reaches nothing."""
    return Expansion(Fact(name, value), (), NO_FLAGS)
