"""Installed distributions: which one ships a module, in which version, and what it needs in turn."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from blake3 import blake3

Environment = Literal["versions", "off", "content"]

_REQUIRES = re.compile(r"^Requires-Dist:\s*([\w.-]+)([^\n]*)", re.MULTILINE)
_ENTRY = re.compile(r"^[^=\[\n]+=\s*([\w.]+(?::[\w.]+)?)", re.MULTILINE)
_METADATA = (".dist-info", ".egg-info")


class Distribution(NamedTuple):
    """One installed distribution."""

    name: str
    version: str
    metadata: str
    """Its metadata directory."""


class Distributions:
    """Reads the metadata below the entries of an import path, as far as asked."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._entries = [entry for entry in dict.fromkeys(entries) if entry]
        self._known: dict[str, Distribution] | None = None
        self._shippers: dict[str, str] | None = None
        self._needs: dict[str, tuple[str, ...]] = {}
        self.looked_at: set[str] = set()
        """Metadata directories that were read, and the directories that hold them."""
        self.files: set[str] = set()
        """Files of which the content counted."""
        self.listed: set[str] = set()
        """Directories of which the listing counted."""

    def of_module(self, module: str) -> str | None:
        """Name the distribution that ships a top-level module."""
        known = self._all()
        name = normalised(module)
        if name in known:
            return name
        if self._shippers is None:
            self._shippers = {top: name for name, each in known.items() for top in self._top_level(each)}
        return self._shippers.get(module)

    def all(self) -> Iterator[Distribution]:
        """Give every distribution."""
        yield from self._all().values()

    def version(self, name: str) -> str:
        """Give the version of a distribution; empty if it is not installed."""
        found = self._all().get(name)
        if found is None:
            return ""
        self.looked_at.add(found.metadata)
        return found.version

    def requirements(self, name: str) -> tuple[str, ...]:
        """Name the distributions that one needs, of those that are installed; extras left out."""
        if name not in self._needs:
            found = self._all().get(name)
            text = self._header(found.metadata) if found else ""
            needed = {normalised(each) for each, rest in _REQUIRES.findall(text) if "extra" not in rest}
            self._needs[name] = tuple(sorted(needed & self._all().keys() - {name}))
        return self._needs[name]

    def content(self, name: str) -> str:
        """Hash every file of a distribution."""
        found = self._all().get(name)
        if found is None:
            return ""
        state = blake3()
        base = os.path.dirname(found.metadata)
        for file in sorted(self._recorded(found.metadata)):
            state.update(file.encode() + b"\0" + self._bytes(os.path.join(base, file)))
        return state.hexdigest()

    def undeclared(self, file: str, package: bool) -> str:
        """Hash a module that no metadata tells of: its file, or all sources and libraries of its package."""
        if not package:
            return blake3(self._bytes(file)).hexdigest()
        state = blake3()
        root = os.path.dirname(file)
        for directory, below, files in os.walk(root):
            self.listed.add(directory)
            below[:] = sorted(name for name in below if name != "__pycache__")
            for name in sorted(files):
                if not name.endswith(".pyc"):
                    path = os.path.join(directory, name)
                    state.update(os.path.relpath(path, root).encode() + b"\0" + self._bytes(path))
        return state.hexdigest()

    def entry_modules(self) -> list[str]:
        """Give the objects that entry points name, `module:object`."""
        files = (os.path.join(each.metadata, "entry_points.txt") for each in self.all())
        return sorted({each for file in files for each in _ENTRY.findall(self._text(file))})

    def entry_points(self) -> str:
        """Hash what is installed and which entry points it declares."""
        state = blake3()
        for name, each in sorted(self._all().items()):
            declared = self._text(os.path.join(each.metadata, "entry_points.txt"))
            state.update(f"{name}=={each.version}\0{declared}".encode())
        return state.hexdigest()

    def _all(self) -> dict[str, Distribution]:
        if self._known is None:
            self._known = {}
            for entry in self._entries:
                for found in _in_directory(entry):
                    self._known.setdefault(normalised(found.name), found)
                    self.looked_at.add(entry)
        return self._known

    def _top_level(self, each: Distribution) -> list[str]:
        text = self._text(os.path.join(each.metadata, "top_level.txt"))
        if text.strip():
            return text.split()
        return list({file.split("/")[0].removesuffix(".py").split(".")[0] for file in self._recorded(each.metadata)})

    def _header(self, metadata: str) -> str:
        for name in ("METADATA", "PKG-INFO"):
            if data := self._text(f"{metadata}/{name}"):
                return data.partition("\n\n")[0]
        return ""

    def _recorded(self, metadata: str) -> list[str]:
        """List the files of a distribution, relative to what holds its metadata; bytecode left out."""
        files = [line.split(",")[0].strip('"') for line in self._text(f"{metadata}/RECORD").splitlines()]
        own = os.path.basename(metadata)
        return [file for file in files if file and not file.endswith(".pyc") and not file.startswith((own, ".."))]

    def _text(self, path: str) -> str:
        return self._bytes(path).decode(errors="replace")

    def _bytes(self, path: str) -> bytes:
        self.files.add(path)
        try:
            return Path(path).read_bytes()
        except OSError:
            return b""


def normalised(name: str) -> str:
    """Write a distribution's name as the index does."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _in_directory(entry: str) -> list[Distribution]:
    """Give the distributions of one directory; of leftovers of old versions the one with a RECORD, the newest, wins."""
    found: list[tuple[bool, float, Distribution]] = []
    try:
        names = os.listdir(entry)
    except OSError:
        return []
    for name in names:
        stem, extension = os.path.splitext(name)
        if extension not in _METADATA or "-" not in stem:
            continue
        project, version = stem.split("-")[:2]
        path = f"{entry}/{name}"
        recorded = os.path.exists(f"{path}/RECORD") or extension == ".egg-info"
        found.append((recorded, _mtime(path), Distribution(project, version, path)))
    return [each for _, _, each in sorted(found, key=lambda item: (item[0], item[1], item[2]), reverse=True)]


def _mtime(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0
