"""What a stage depends on, by name: for the lock, for `explain`, and the texts that show a difference."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from pivot.fingerprint.imports import Finder
from pivot.fingerprint.links import AtomLink, ModuleLink
from pivot.fingerprint.merkle import Merkle
from pivot.fingerprint.program import Node
from pivot.fingerprint.world import World
from pivot.registry.definition import Entry, Manifest


class Names:
    """What nodes are by name, each looked up once: the stages of a pipeline have most of their helpers in common."""

    def __init__(self, merkle: Merkle, world: World, finder: Finder) -> None:
        self._merkle, self._world, self._finder = merkle, world, finder
        self._entries: dict[Node, Entry] = {}
        self._reads: dict[Node, tuple[str, ...]] = {}
        self._files: dict[str, str] = {}

    def manifest(self, stage: Node, start: Node) -> Manifest:
        """Name all that a stage reaches. Equal hashes of the stage mean equal entries."""
        expansions, reached = self._merkle.expansions, self._merkle.reached(stage)
        named = {fact.name: node for node in reached if (fact := expansions[node].fact) is not None}
        notes = {note for node in reached for note in expansions[node].notes}
        fact = expansions[start].fact if start in reached else None
        in_order = sorted(named.items())
        return Manifest(
            {name: self._entry(node) for name, node in in_order},
            {name: names for name, node in in_order if (names := self._names(node, name))},
            tuple(sorted(notes)),
            fact.name if fact is not None else "",
        )

    def _entry(self, node: Node) -> Entry:
        if (known := self._entries.get(node)) is None:
            fact = self._merkle.expansions[node].fact
            assert fact is not None
            known = self._entries[node] = Entry(fact.hash, self._place(node))
        return known

    def _place(self, node: Node) -> str:
        """Say where a definition is, as an editor understands it."""
        spot = _spot(node, self._world)
        if spot is None:
            return ""
        link, numbers = spot
        if link.file not in self._files:
            self._files[link.file] = self._finder.readable(link.file)
        line = min([link.atoms[number].line for number in numbers], default=1)
        return f"{self._files[link.file]}:{line}"

    def _names(self, node: Node, own: str) -> tuple[str, ...]:
        """Name what is read, through nodes without a name."""
        if (known := self._reads.get(node)) is None:
            known = self._reads[node] = tuple(sorted(set(self._read_by(node)) - {own}))
        return known

    def _read_by(self, node: Node) -> Iterator[str]:
        expansions = self._merkle.expansions
        todo, seen = list(expansions[node].children), set()
        while todo:
            if (child := todo.pop()) not in seen:
                seen.add(child)
                if (fact := expansions[child].fact) is None:
                    todo += expansions[child].children
                else:
                    yield fact.name


def codes_of(merkle: Merkle, stage: Node) -> dict[str, str]:
    """Hash all that a stage reaches, by name."""
    expansions = merkle.expansions
    codes = {fact.name: fact.hash for node in merkle.reached(stage) if (fact := expansions[node].fact) is not None}
    return {name: codes[name] for name in sorted(codes)}


def _spot(node: Node, world: World) -> tuple[ModuleLink, list[int]] | None:
    """Find the statements behind a node."""
    if node[0] in "+$^?=" or node.endswith(("!", "/*")):
        return None
    module, hashed, place = node.rstrip("~@").partition("#")
    module, _, name = module.partition(":")
    link = world.links(module)
    if link is None:
        return None
    if hashed:
        return link, [int(place.partition(".")[0])]
    return link, world.bindings(link).get(name, [])


def texts_of(merkle: Merkle, wanted: Collection[str], world: World) -> Mapping[str, str]:
    """Give the texts of the definitions with these hashes, as far as this pass reached them."""
    texts: dict[str, str] = {}
    lines: dict[str, list[str]] = {}
    for node, expansion in merkle.expansions.items():
        fact = expansion.fact
        if fact is not None and fact.hash in wanted and fact.hash not in texts:
            spot = _spot(node, world)
            if spot is not None:
                link, numbers = spot
                if link.file not in lines:
                    lines[link.file] = _lines(link.file)
                texts[fact.hash] = _text(lines[link.file], [link.atoms[number] for number in numbers])
    return texts


def _lines(file: str) -> list[str]:
    return Path(file).read_text(encoding="utf-8", errors="replace").splitlines()


def _text(lines: list[str], atoms: list[AtomLink]) -> str:
    if not atoms:
        return "\n".join(lines) + "\n"
    return "\n\n".join(["\n".join(lines[atom.line - 1 : atom.end]) for atom in atoms]) + "\n"
