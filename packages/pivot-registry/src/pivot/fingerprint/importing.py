"""What importing a module runs: everything but the bodies of functions that nothing calls meanwhile."""

from collections.abc import Iterable

from blake3 import blake3

from pivot.fingerprint.links import ModuleLink
from pivot.fingerprint.program import Node
from pivot.fingerprint.universe import Links


def run_by_import(links: Links, modules: Iterable[str]) -> tuple[str, set[Node]]:
    """Hash the statements of all modules that an import runs; give what they read, and so may call."""
    state = blake3()
    reached: set[Node] = set()
    for name in modules:
        link = links(name)
        if link is not None:
            state.update(f"{link.label}\0{link.digest if link.error else ''}\0{link.shell.hex()}\0".encode())
            reached.update(_read(link))
    return state.hexdigest(), reached


def _read(link: ModuleLink) -> set[Node]:
    # What looks at code by name is not only in the edges.
    looking = [number for number, atom in enumerate(link.atoms) if atom.flags and not atom.main]
    return {*link.shell_edges, *[f"{link.name}#{number}" for number in looking]}
