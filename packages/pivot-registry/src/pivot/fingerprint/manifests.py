"""What a stage depends on, by name: for the lock, for `explain`, and the texts that show a difference."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from pivot.fingerprint.imports import Finder
from pivot.fingerprint.links import AtomLink, ModuleLink
from pivot.fingerprint.merkle import Merkle
from pivot.fingerprint.program import Node
from pivot.fingerprint.world import World
from pivot.registry.definition import Entry, Manifest


def manifest_of(merkle: Merkle, stage: Node, start: Node, world: World, finder: Finder) -> Manifest:
    """Name all that a stage reaches. Equal hashes of the stage mean equal entries."""
    reached = merkle.reached(stage)
    entries: dict[str, Entry] = {}
    notes: dict[str, None] = {}
    for node, expansion in reached.items():
        notes.update(dict.fromkeys(expansion.notes))
        if expansion.fact is not None:
            entries[expansion.fact.name] = Entry(expansion.fact.hash, _place(node, world, finder))
    reads = {
        expansion.fact.name: _names(merkle, expansion.children, expansion.fact.name)
        for expansion in reached.values()
        if expansion.fact is not None
    }
    fact = reached[start].fact if start in reached else None
    return Manifest(
        dict(sorted(entries.items())),
        {name: names for name, names in sorted(reads.items()) if names},
        tuple(sorted(notes)),
        fact.name if fact is not None else "",
    )


def _names(merkle: Merkle, children: Iterable[Node], own: str) -> tuple[str, ...]:
    """Name what is read, through nodes without a name."""
    names: set[str] = set()
    todo, seen = list(children), set()
    while todo:
        node = todo.pop()
        if node in seen:
            continue
        seen.add(node)
        fact = merkle.expansions[node].fact
        if fact is None:
            todo += merkle.expansions[node].children
        else:
            names.add(fact.name)
    return tuple(sorted(names - {own}))


def _place(node: Node, world: World, finder: Finder) -> str:
    """Say where a definition is, as an editor understands it."""
    spot = _spot(node, world)
    if spot is None:
        return ""
    link, numbers = spot
    line = min((link.atoms[number].line for number in numbers), default=1)
    return f"{finder.readable(link.file)}:{line}"


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
    return "\n\n".join("\n".join(lines[atom.line - 1 : atom.end]) for atom in atoms) + "\n"
