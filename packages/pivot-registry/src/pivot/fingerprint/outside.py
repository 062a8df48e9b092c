"""Nodes that are not the user's source: libraries, compiled modules, files, environment variables."""

import os
from pathlib import Path

from blake3 import blake3

from pivot.fingerprint.by_name import ByName
from pivot.fingerprint.program import Node
from pivot.fingerprint.world import NO_FLAGS, Expansion, Fact, World, leaf


class Outside:
    """Expands what lies outside of the user's source."""

    def __init__(self, world: World, by_name: ByName) -> None:
        self._world = world
        self._by_name = by_name

    def library(self, node: Node) -> Expansion:
        """Take a library by the distribution that ships it; one without metadata by its content."""
        top = node[1:].partition(".")[0]
        changing = tuple(f"{where}#{number}" for where, number in self._world.universe.changes_of_library(node))
        found = self._world.finder.find(top)
        if found is None or found.origin != "installed" or self._world.environment == "off":
            return Expansion(None, changing, NO_FLAGS)
        name = self._world.distributions.of_module(top)
        if name is not None:
            return Expansion(None, (f"={name}", *changing), NO_FLAGS)
        content = self._world.distributions.undeclared(found.file or found.search[0] + "/__init__.py", found.package)
        return Expansion(Fact(f"package {top}", content), changing, NO_FLAGS)

    def distribution(self, node: Node) -> Expansion:
        """Take a distribution by its version, with those that it needs; `=*` is all that is installed."""
        name, distributions = node[1:], self._world.distributions
        if self._world.environment == "off":
            return Expansion(None, (), NO_FLAGS)
        if name == "*":
            named = tuple(child for text in distributions.entry_modules() for child in self._by_name.text(text))
            return Expansion(Fact("installed packages", distributions.entry_points()), named, NO_FLAGS)
        version = distributions.version(name) or "absent"
        if self._world.environment == "content":
            version += " " + distributions.content(name)
        needed = tuple(f"={each}" for each in distributions.requirements(name))
        return Expansion(Fact(f"package {name}", version), needed, NO_FLAGS)

    def variable(self, name: str) -> Expansion:
        """Take an environment variable by its value, which the hash does not tell."""
        value = self._world.environ.get(name)
        own = "not set" if value is None else blake3(f"{name}\0{value}".encode("utf-8", "surrogatepass")).hexdigest()
        return leaf(f"environment variable {name}", own)

    def foreign_module(self, name: str) -> Expansion:
        """Take a compiled module by its bytes; a directory by nothing; what is not there by its absence."""
        found = self._world.finder.find(name)
        if found is None:
            return leaf(f"module {name}", "absent")
        if found.origin == "binary":
            return leaf(f"module {name}", self._world.distributions.undeclared(found.file, package=False))
        if found.origin in ("installed", "standard"):
            return Expansion(None, (f"^{name}",), NO_FLAGS)
        return Expansion(None, (), NO_FLAGS)

    def package(self, name: str) -> Expansion:
        """Take all modules of a package, those that are still to come included."""
        found = self._world.finder.find(name)
        if found is None or found.origin in ("installed", "standard"):
            return Expansion(None, (f"^{name.partition('.')[0]}",) if found else (), NO_FLAGS)
        modules = sorted(self._world.finder.submodules(name))
        label = self._world.finder.label(name)
        listing = "\n".join(module.removeprefix(name) for module in modules)
        children = [f"{module}:" for module in [name, *modules]]
        return Expansion(
            Fact(f"modules of {label}", blake3(listing.encode()).hexdigest()), tuple(children), frozenset()
        )

    def file_digest(self, path: str) -> str:
        """Hash a file, or all files below a directory."""
        if os.path.isdir(path):
            return self._world.distributions.undeclared(os.path.join(path, ""), package=True)
        try:
            return blake3(Path(path).read_bytes()).hexdigest()
        except OSError:
            return "absent"
