"""Links kept between commands: a module is resolved again only if it, or what its names lead to, has changed."""

from typing import Any, NamedTuple

from blake3 import blake3

from pivot.fingerprint.imports import Finder, ImportPath
from pivot.fingerprint.links import Linker, ModuleLink
from pivot.fingerprint.program import Program
from pivot.fingerprint.summaries import Summaries


class Kept(NamedTuple):
    """A module as it was resolved the last time."""

    state: str
    """Its file, whether it is a package, and its bytes."""
    link: Any
    consulted: tuple[tuple[str, str, str], ...]
    """(`module` or `module:name`, what it was, state of that module).

    The state is that of this time: what is kept of the other module itself may be older, or newer.
    """
    examined: tuple[tuple[str, str], ...]
    """(module, digest)."""


class LinkStore:
    """Gives modules, resolved: from the last time where that still holds."""

    def __init__(self, imports: ImportPath, summaries: Summaries) -> None:
        self.finder = Finder(imports)
        self.program = Program(self.finder, summaries)
        self._summaries = summaries
        self._key = "links-" + blake3(repr(imports).encode()).hexdigest(16)
        self._kept: dict[str, Kept | None] = {}
        self._links: dict[str, ModuleLink | None] = {}
        self._digests: dict[str, str] = {}
        self._places: dict[str, str] = {}
        self._outlines: dict[str, str] = {}
        self._made: list[str] = []

    def __call__(self, name: str) -> ModuleLink | None:
        """Give a first-party module; None for any other."""
        if name not in self._links:
            found = self.finder.find(name)
            self._links[name] = self._link(name) if found is not None and found.ours else None
        return self._links[name]

    def files(self) -> list[str]:
        """Give the files of the user's that were looked at."""
        found = (self.finder.find(name) for name in (*self._links, *self._places))
        return sorted({each.file for each in found if each is not None and each.origin in ("source", "binary")})

    def _link(self, name: str) -> ModuleLink | None:
        kept = self._recalled(name)
        if kept is not None and self._holds(name, kept):
            return ModuleLink.from_data(kept.link)
        module = self.program.module(name)
        self._made.append(name)
        return None if module is None else Linker(self.program, module).link()

    def _key_of(self, name: str) -> str:
        return f"{self._key}-{blake3(name.encode()).hexdigest(16)}"

    def _recalled(self, name: str) -> Kept | None:
        """Give a module as it was resolved the last time; each lies by itself, so that an edit writes one anew."""
        if name not in self._kept:
            kept = self._summaries.recall(self._key_of(name))
            self._kept[name] = None if kept is None else Kept._make(kept)
        return self._kept[name]

    def _holds(self, name: str, kept: Kept) -> bool:
        """Tell whether a module and what it consulted are as they were."""
        return (
            kept.state == self._state(name)
            and all(self._digest(other) == digest for other, digest in kept.examined)
            and all(
                state == self._state(key.partition(":")[0]) or outline == self._outline(key)
                for key, outline, state in kept.consulted
            )
        )

    def _state(self, name: str) -> str:
        """Say where a module is, and its bytes: while this is equal, all of it is as it was."""
        return f"{self._place(name)} {self._digest(name)}"

    def _place(self, name: str) -> str:
        if name not in self._places:
            found = self.finder.find(name)
            self._places[name] = "missing" if found is None else f"{found.origin} {found.file} {found.package}"
        return self._places[name]

    def _digest(self, name: str) -> str:
        """Hash the bytes of a module; of one that was read, those: links are of them, whatever edit came in between."""
        if (module := self.program.known(name)) is not None:
            return module.summary.digest
        if name not in self._digests:
            found = self.finder.find(name)
            self._digests[name] = self._summaries.digest(found.file) if found is not None and found.ours else ""
        return self._digests[name]

    def _outline(self, key: str) -> str:
        """Say what a module, or a name in it, is to those that refer to it; a common helper is to many."""
        if key not in self._outlines:
            name, colon, bound = key.partition(":")
            module = self.program.module(name)
            if module is None:
                self._outlines[key] = self._place(name)
            else:
                self._outlines[key] = module.outline_of(bound) if colon else module.outline()
        return self._outlines[key]

    def save(self) -> None:
        """Remember for the next command what was resolved anew."""
        for name in self._made:
            link = self._links[name]
            if link is not None:
                self._summaries.remember(self._key_of(name), tuple(self._keep(name, link)))

    def _keep(self, name: str, link: ModuleLink) -> Kept:
        consulted = tuple((key, self._outline(key), self._state(key.partition(":")[0])) for key in link.consulted)
        examined = tuple((other, self._digest(other)) for other in link.examined)
        return Kept(self._state(name), link.to_data(), consulted, examined)
