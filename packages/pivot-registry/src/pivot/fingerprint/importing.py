"""What importing a module runs: everything but the bodies of functions that nothing calls meanwhile."""

from blake3 import blake3

from pivot.fingerprint.links import ModuleLink
from pivot.fingerprint.program import Node
from pivot.fingerprint.universe import Links, Universe


def run_by_import(links: Links, module: str) -> tuple[str, set[Node]]:
    """Hash the statements of all modules that importing one runs; give what they read, and so may call."""
    universe = Universe(links)
    universe.run([module])
    state = blake3()
    reached: set[Node] = set()
    for name in universe.modules:
        link = links(name)
        if link is not None:
            state.update(_shells(link))
            reached.update(_read(link))
    return state.hexdigest(), reached


def _shells(link: ModuleLink) -> bytes:
    """Write what runs of each statement, in order."""
    own = [f"{link.label}\0{link.digest if link.error else ''}".encode()]
    own += [b"%s\0%s" % (" ".join(atom.names).encode(), atom.shell) for atom in link.atoms if not atom.main]
    return b"\0\0".join(own)


def _read(link: ModuleLink) -> set[Node]:
    running = [(number, atom) for number, atom in enumerate(link.atoms) if not atom.main]
    reached = {edge for _, atom in running for edge in atom.shell_edges}
    # What looks at code by name is not only in the edges.
    reached.update(f"{link.name}#{number}" for number, atom in running if atom.flags)
    return reached
