"""Import-time code that may come out differently the next time: clocks, random numbers, the network."""

from collections.abc import Iterable, Iterator

from pivot.fingerprint.effects import Callee, Effects
from pivot.fingerprint.libraries import SEEDED, UNREPEATABLE, lies_below
from pivot.fingerprint.linkstore import LinkStore
from pivot.fingerprint.program import Module
from pivot.fingerprint.scopes import Call


class Unrepeatable:
    """Follows the calls that importing a module makes."""

    def __init__(self, links: LinkStore) -> None:
        self._links = links
        self._program = links.program
        self._effects = Effects(links.program)

    def notes(self, modules: Iterable[str]) -> Iterator[str]:
        """Say what running modules does that cannot be proven repeatable, and where."""
        seen: set[tuple[str, str, int]] = set()
        for running in modules:
            module = self._program.module(running)
            for atom in module.summary.atoms if module is not None else ():
                if module is not None and not atom.main:
                    for call in map(Call._make, atom.now.calls):
                        yield from self._call(module, call, seen)

    def _call(self, module: Module, call: Call, seen: set[tuple[str, str, int]]) -> Iterator[str]:
        todo = [(module, call)]
        while todo:
            where, each = todo.pop()
            key = (where.name, each.callee, each.line)
            if key in seen:
                continue
            seen.add(key)
            for target in self._program.resolve(where, each.callee):
                if target.node[0] == "^":
                    yield from self._library(where, each, target.node[1:])
                elif target.node[0] != "?" and not self._effects.is_pipeline(target):
                    callees: list[Callee] = list(self._effects.callees(target))
                    todo += [
                        (callee.module, inner) for callee in callees for inner in map(Call._make, callee.unit.calls)
                    ]

    def _library(self, module: Module, call: Call, path: str) -> Iterator[str]:
        if path in SEEDED and call.given:
            return
        for what, places in UNREPEATABLE.items():
            if lies_below(path, places):
                verb = "uses" if what != "clock" else "reads the"
                file = self._links.finder.readable(module.found.file)
                yield f"{file}:{call.line} {verb} {what} while defining ({path})"
