"""What the references of one module rest on and lead to: a module repeats them, so each is looked up once."""

import builtins
from collections.abc import Collection, Iterable
from typing import NamedTuple

from pivot.fingerprint.marks import flag_of
from pivot.fingerprint.program import Module, Node, Program, short
from pivot.fingerprint.scopes import Reference

_BUILTINS = frozenset(dir(builtins))


class Meaning(NamedTuple):
    """One reference."""

    nodes: tuple[Node, ...] = ()
    facts: tuple[str, ...] = ()
    """What names mean that come from elsewhere."""
    absent: tuple[str, ...] = ()
    """Builtins: a name of the module may yet hide them."""
    flags: tuple[str, ...] = ()
    """How it looks at other code."""


class Reads(NamedTuple):
    """What a piece of code reads, gathered."""

    nodes: set[Node]
    facts: set[str]
    absent: set[str]
    flags: dict[str, None]
    """In the order of the references."""

    @classmethod
    def of(cls, meanings: Collection[Meaning]) -> "Reads":
        """Gather what references mean."""
        reads = cls(set(), set(), set(), {})
        nodes, facts, absent, flags = reads
        for meant, rests_on, builtin, looks in meanings:
            nodes.update(meant)
            if rests_on:
                facts.update(rests_on)
            if builtin:
                absent.update(builtin)
            if looks:
                flags.update(dict.fromkeys(looks))
        return reads

    def add(self, meaning: Meaning) -> None:
        """Add what one more reference means."""
        self.nodes.update(meaning.nodes)
        self.facts.update(meaning.facts)


class Meanings:
    """Gives what the references in one module mean."""

    def __init__(self, program: Program, module: Module) -> None:
        self._program = program
        self._module = module
        self._known: dict[Reference, Meaning] = {}

    def read(self, refs: Iterable[Reference]) -> Reads:
        """Gather what references mean."""
        known = self._known
        return Reads.of([known.get(ref) or self._look_up(ref) for ref in refs])

    def _look_up(self, ref: Reference) -> Meaning:
        meaning = self._known[ref] = self._import(ref[:-1]) if ref.endswith("!") else self._resolve(ref)
        return meaning

    def _resolve(self, ref: Reference) -> Meaning:
        found = [self._of(ref, target.node) for target in self._program.resolve(self._module, ref)]
        return found[0] if len(found) == 1 else Meaning(*map(tuple, Reads.of(found)))

    def _of(self, ref: Reference, node: Node) -> Meaning:
        where, _, name = node.partition(":")
        if where == self._module.name and name:
            if name in self._module.names or name not in _BUILTINS:
                return Meaning((node,))
            return Meaning(absent=(name,))
        if node[0] == "^":
            flag = flag_of(node[1:])
            return Meaning((short(node),), (f"{ref}={node}",), flags=() if flag is None else (flag,))
        meaning = node if node[0] == "?" else f"{self._program.finder.label(where)}:{name}"
        return Meaning((node,), (f"{ref}={meaning}",))

    def _import(self, ref: Reference) -> Meaning:
        """An import inside a function runs modules."""
        origin, _, name = ref.partition(":")
        origin = self._module.absolute(origin)
        nodes, facts, *_ = self.presence(origin)
        candidates = (origin, f"{origin}.{name}" if name else "")
        run = [f"{each}!" for each in candidates if each and self._program.module(each) is not None]
        return Meaning((*nodes, *run), facts)

    def presence(self, module: str) -> Meaning:
        """Whether a module is there, and whose it is, counts where its import may fail."""
        found = self._program.find(module)
        facts = (f"import {module}={found.origin if found else 'missing'}",)
        if found is None:
            return Meaning(("?" + module,), facts)
        return Meaning((short("^" + module),) if found.origin == "installed" else (), facts)
