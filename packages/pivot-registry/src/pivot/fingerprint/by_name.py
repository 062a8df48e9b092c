"""Code found by text: the modules, objects and scripts that strings name."""

import re
from collections.abc import Iterable, Iterator

from pivot.fingerprint.links import ModuleLink
from pivot.fingerprint.program import Node
from pivot.fingerprint.world import Mode, World

_NAME = re.compile(r"[A-Za-z_][\w.]*(:[\w.]+)?").fullmatch
_SHORTEST_PREFIX = 3


class ByName:
    """Finds what text may name, as widely as the mode asks for."""

    def __init__(self, world: World, mode: Mode) -> None:
        self._world = world
        self._mode = mode

    def strings(self, link: ModuleLink, strings: Iterable[str]) -> Iterator[Node]:
        """Find the modules and scripts that strings in a module name."""
        for string in strings:
            if string.endswith(".py"):
                yield from self._script(link, string)
            elif _NAME(string):
                yield from self.text(string)

    def text(self, text: str) -> Iterator[Node]:
        """Find a module, or an object in one, by a dotted name."""
        path, _, attribute = text.partition(":")
        parts = path.rstrip(".").split(".")
        finder = self._world.finder
        if not all(part.isidentifier() for part in parts):
            return
        top = finder.find(parts[0])
        if top is None and "imports" in self._mode and len(path) >= _SHORTEST_PREFIX:
            yield from (f"{module}:" for module in finder.beginning_with(path))
        if top is None or top.origin == "standard":
            return
        if top.origin == "installed":
            yield "^" + parts[0]
            return
        count = next(count for count in range(len(parts), 0, -1) if finder.find(".".join(parts[:count])) is not None)
        module, rest = ".".join(parts[:count]), [*parts[count:], *filter(None, attribute.split("."))]
        found = finder.find(module)
        link = self._world.links(module)
        if rest and link is not None and rest[0] in self._world.bindings(link):
            yield f"{module}:{rest[0]}"
        elif found is not None and found.package and (not rest or path != text.partition(":")[0] or count < len(parts)):
            yield f"{module}/*"
        else:
            yield f"{module}:"

    def _script(self, link: ModuleLink, text: str) -> Iterator[Node]:
        stem = text.removeprefix("./").removesuffix(".py").replace("/", ".")
        package = link.name.rpartition(".")[0]
        for name in dict.fromkeys((stem, f"{package}.{stem}" if package else stem)):
            if all(part.isidentifier() for part in name.split(".")):
                found = self._world.finder.find(name)
                if found is not None and found.ours:
                    yield f"{name}:"
