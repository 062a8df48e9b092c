"""Links kept between commands: a module is resolved again only if it, or what its names lead to, has changed."""

from typing import Any, NamedTuple

from blake3 import blake3

from pivot.fingerprint.imports import Finder, ImportPath
from pivot.fingerprint.links import Linker, ModuleLink
from pivot.fingerprint.program import Program
from pivot.fingerprint.summaries import Summaries


class State(NamedTuple):
    """What a module is now, as far as others look at it."""

    interface: str
    digest: str


class LinkStore:
    """Gives modules, resolved: from the last time where that still holds."""

    def __init__(self, imports: ImportPath, summaries: Summaries) -> None:
        self.finder = Finder(imports)
        self.program = Program(self.finder, summaries)
        self._summaries = summaries
        self._linker = Linker(self.program)
        self._key = "links-" + blake3(repr(imports).encode()).hexdigest()
        kept = summaries.recall(self._key) or {}
        self._kept: dict[str, Any] = kept
        """Module -> (file, package, state, link, states of what it consulted)."""
        self._links: dict[str, ModuleLink | None] = {}
        self._states: dict[str, State] = {}
        self._made: set[str] = set()

    def __call__(self, name: str) -> ModuleLink | None:
        """Give a first-party module; None for any other."""
        if name not in self._links:
            found = self.finder.find(name)
            self._links[name] = self._link(name) if found is not None and found.ours else None
        return self._links[name]

    def files(self) -> list[str]:
        """Give the source files that were looked at."""
        found = (self.finder.find(name) for name in (*self._links, *self._states))
        return sorted({each.file for each in found if each is not None and each.origin in ("source", "binary")})

    def _link(self, name: str) -> ModuleLink | None:
        kept = self._kept.get(name)
        if kept is not None and self._holds(name, kept):
            return ModuleLink.from_data(kept[3])
        module = self.program.module(name)
        self._made.add(name)
        return None if module is None else self._linker.link(module)

    def _holds(self, name: str, kept: Any) -> bool:
        """Tell whether a module and what it consulted are as they were."""
        if self._state(name).digest != kept[2][1]:
            return False
        return all(
            self._state(other)[0 if digest is None else 1] == (interface if digest is None else digest)
            for other, interface, digest in kept[4]
        )

    def _state(self, name: str) -> State:
        if name not in self._states:
            self._states[name] = self._look(name)
        return self._states[name]

    def _look(self, name: str) -> State:
        found = self.finder.find(name)
        if found is None:
            return State("missing", "missing")
        if not found.ours:
            return State(f"{found.origin} {found.file}", found.origin)
        digest = self._summaries.digest(found.file)
        kept = self._kept.get(name)
        if kept is not None and kept[0] == found.file and kept[1] == found.package and kept[2][1] == digest:
            return State(*kept[2])
        module = self.program.module(name)
        return State("", "") if module is None else State(module.interface(), module.summary.digest)

    def save(self) -> None:
        """Remember all links for the next command."""
        if not self._made and self._links.keys() <= self._kept.keys():
            return
        kept = dict(self._kept)
        for name in self._made:
            link = self._links[name]
            if link is not None:
                kept[name] = (link.file, link.package, tuple(self._state(name)), link.to_data(), self._consulted(link))
        self._summaries.remember(self._key, kept)

    def _consulted(self, link: ModuleLink) -> tuple[tuple[str, str, str | None], ...]:
        whole = set(link.examined)
        return tuple(
            (name, state.interface, state.digest if name in whole else None)
            for name in sorted({*link.consulted, *link.examined})
            for state in [self._state(name)]
        )
