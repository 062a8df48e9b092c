"""Where modules come from: what the interpreter's path finder would say, without importing, and what was looked at."""

import ast
import os
import sys
from collections.abc import Iterator, Mapping
from importlib.machinery import EXTENSION_SUFFIXES, FrozenImporter
from pathlib import Path
from typing import Literal, NamedTuple

from pivot.fingerprint.standard import PLATFORM, STDLIB

Origin = Literal["source", "namespace", "binary", "installed", "standard"]
"""A source file of the user's, a directory without `__init__`, a compiled module of the user's, an installed
distribution's, the interpreter's."""

_SITES = frozenset(["site-packages", "dist-packages"])
_STANDARD = tuple({STDLIB, PLATFORM})
_OURS = "pivot"
_BINARY = (*EXTENSION_SUFFIXES, ".pyc")


class ImportPath(NamedTuple):
    """Where one pipeline's imports are looked for."""

    entries: tuple[str, ...]
    """As `sys.path` is while the pipeline is loaded."""
    pinned: tuple[tuple[str, str, str], ...] = ()
    """(module name at run time, file, label in hashes and manifests), for modules that no search finds by that name."""


class Found(NamedTuple):
    """Where a module comes from."""

    origin: Origin
    file: str = ""
    package: bool = False
    search: tuple[str, ...] = ()
    """Directories in which its submodules lie."""

    @property
    def ours(self) -> bool:
        """Whether it is first-party source."""
        return self.origin == "source"


Probe = tuple[str, str, tuple[str, ...], tuple[str, ...]]
"""(directory, name looked for, files that were there under that name, files that were not)."""


class Finder:
    """Finds modules along one import path; each question is asked once."""

    def __init__(self, imports: ImportPath) -> None:
        self._entries = tuple(entry or "." for entry in imports.entries)
        self._pinned = {name: file for name, file, _ in imports.pinned}
        self._labels = {name: label for name, _, label in imports.pinned}
        self._found: dict[str, Found | None] = {}
        self._listings: dict[str, frozenset[str]] = {}
        self._probes: dict[tuple[str, str], tuple[str, ...]] = {}
        self.listed: set[str] = set()
        """Directories of which all names counted."""
        self._editable: dict[str, Mapping[str, str]] = {}

    def find(self, name: str) -> Found | None:
        """Find a module by its full name; None if there is none."""
        if name not in self._found:
            self._found[name] = self._search(name)
        return self._found[name]

    def label(self, name: str) -> str:
        """Give the name under which a module counts: without the directory of its pipeline."""
        if name in self._labels:
            return self._labels[name]
        parent, _, last = name.rpartition(".")
        return f"{self.label(parent)}.{last}" if parent else name

    def probes(self) -> list[Probe]:
        """Give all that was looked for in directories, and what was there."""
        return [
            (directory, name, present, tuple(each for each in _candidates(name) if each not in present))
            for (directory, name), present in sorted(self._probes.items())
        ]

    def readable(self, file: str) -> str:
        """Write a file for people: relative to the highest directory of the import path that holds it."""
        holding = [entry for entry in self._entries if file.startswith(entry.rstrip("/") + "/")]
        return file[len(min(holding, key=len).rstrip("/")) + 1 :] if holding else file

    def listing(self, directory: str) -> frozenset[str]:
        """List a directory; one that is not there is empty."""
        known = self._listings.get(directory)
        if known is None:
            known = self._listings[directory] = _listing(directory)
        return known

    def submodules(self, package: str) -> Iterator[str]:
        """Give the names of all modules below a package, by directory listings."""
        found = self.find(package)
        for directory in found.search if found else ():
            self.listed.add(directory)
            for entry in sorted(self.listing(directory)):
                stem, extension = os.path.splitext(entry)
                if extension == ".py" and stem != "__init__" and stem.isidentifier():
                    yield f"{package}.{stem}"
                elif not extension and stem.isidentifier() and "__init__.py" in self.listing(f"{directory}/{entry}"):
                    yield f"{package}.{entry}"
                    yield from self.submodules(f"{package}.{entry}")

    def beginning_with(self, prefix: str) -> Iterator[str]:
        """Give the first-party top-level modules whose names begin like this."""
        for directory in self._entries:
            if not _is_installed(directory) and not directory.startswith(_STANDARD):
                self.listed.add(directory)
                for entry in sorted(self.listing(directory)):
                    name = entry.removesuffix(".py")
                    if name.startswith(prefix) and name.isidentifier():
                        found = self.find(name)
                        if found is not None and found.ours:
                            yield name

    def _search(self, name: str) -> Found | None:
        if name in self._pinned:
            return self._at(self._pinned[name], package=_is_init(self._pinned[name]))
        parent, _, last = name.rpartition(".")
        if not parent:
            return self._top(name)
        found = self.find(parent)
        if found is None or found.origin == "standard" or found.origin == "installed":
            return found
        return self._along(found.search, last)

    def _top(self, name: str) -> Found | None:
        if name == _OURS or name in sys.builtin_module_names or FrozenImporter.find_spec(name) is not None:
            return Found("standard")
        found = self._along(self._entries, name)
        if found is None and name in sys.stdlib_module_names:
            return Found("standard")
        return found

    def _along(self, directories: tuple[str, ...], name: str) -> Found | None:
        portions = []
        for directory in directories:
            present = self._probe(directory, name)
            if not present:
                mapped = self._mapped(directory, name)
                if mapped is not None:
                    return mapped
                continue
            found = self._here(directory, name, present)
            if found is not None:
                return found
            portions.append(f"{directory}/{name}")
        portions = [portion for portion in portions if Path(portion).is_dir()]
        if not portions:
            return None
        return Found("installed" if _is_installed(portions[0]) else "namespace", search=tuple(portions), package=True)

    def _probe(self, directory: str, name: str) -> tuple[str, ...]:
        """See what a directory has under a name."""
        directory = directory or "."
        listing = self.listing(directory)
        present = tuple(candidate for candidate in _candidates(name) if candidate in listing)
        self._probes[directory, name] = present
        return present

    def _here(self, directory: str, name: str, present: tuple[str, ...]) -> Found | None:
        """Take what the interpreter would take: a package, then a compiled module, then a source file."""
        if name in present and self._probe(f"{directory}/{name}", "__init__"):
            return self._at(f"{directory}/{name}/{self._probe(f'{directory}/{name}', '__init__')[0]}", package=True)
        files = sorted((entry for entry in present if entry != name), key=lambda entry: entry.endswith(".py"))
        files = [entry for entry in files if not entry.endswith(".pyc")] or files
        # Asked for by its own name, `pkg.__init__` is a plain module: it has no `pkg.__init__.__init__` below it.
        return self._at(f"{directory}/{files[0]}", package=False) if files else None

    def _at(self, file: str, *, package: bool) -> Found:
        search = (os.path.dirname(file),) if package else ()
        if _is_installed(file):
            return Found("installed", file, package, search)
        if file.startswith(_STANDARD):
            return Found("standard", file, package, search)
        return Found("source" if file.endswith(".py") else "binary", file, package, search)

    def _mapped(self, directory: str, name: str) -> Found | None:
        """Follow an editable install that maps names to places (setuptools with a flat layout)."""
        if directory not in self._editable:
            self._editable[directory] = _editable(directory, self.listing(directory or "."))
        place = self._editable[directory].get(name)
        if place is None:
            return None
        return self._here(os.path.dirname(place), name, self._probe(os.path.dirname(place), name))


def _is_init(file: str) -> bool:
    return os.path.basename(file).partition(".")[0] == "__init__"


def _candidates(name: str) -> tuple[str, ...]:
    return (name, f"{name}.py", *(name + suffix for suffix in _BINARY))


def _listing(directory: str) -> frozenset[str]:
    try:
        return frozenset(os.listdir(directory))
    except OSError:
        return frozenset()


def _is_installed(file: str) -> bool:
    return not _SITES.isdisjoint(file.replace("\\", "/").split("/"))


def _editable(directory: str, listing: frozenset[str]) -> Mapping[str, str]:
    mapping: dict[str, str] = {}
    for entry in listing:
        if entry.startswith("__editable__") and entry.endswith("_finder.py"):
            mapping.update(_mapping_in(Path(directory, entry)))
    return mapping


def _mapping_in(file: Path) -> Mapping[str, str]:
    try:
        body = ast.parse(file.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return {}
    for statement in body:
        target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
        value = getattr(statement, "value", None)
        if isinstance(target, ast.Name) and target.id == "MAPPING" and isinstance(value, ast.Dict):
            found: dict[str, str] = ast.literal_eval(value)
            return found
    return {}
