"""What one file says, as data: a pure function of its bytes, wherever the file lies and whatever it is called."""

from collections.abc import Mapping, Sequence, Set
from typing import Any, Literal, NamedTuple, TypeVar

from pivot.fingerprint.scopes import Noted, Reference

AtomKind = Literal["def", "class", "assign", "import", "other"]
T = TypeVar("T")


def in_order(texts: Set[str]) -> tuple[str, ...]:
    """Sort texts. Of most things that could be said of a statement there are none, and that costs nothing."""
    return tuple(sorted(texts)) if texts else ()


def once(items: Sequence[T]) -> tuple[T, ...]:
    """Leave out what comes again."""
    return tuple(dict.fromkeys(items)) if len(items) > 1 else tuple(items)


class Unit(NamedTuple):
    """What a piece of code may change, beyond what it returns: a statement now, or a function when it is called."""

    name: str = ""
    """The method, in a class; empty for a function itself."""
    params: tuple[str, ...] = ()
    stores: tuple[Reference, ...] = ()
    calls: tuple[Noted, ...] = ()


class Decorator(NamedTuple):
    """One decorator of a top-level definition; apart, because those of a pipeline do not belong to the function."""

    path: Reference
    hash: bytes
    reads: tuple[Reference, ...]


class Inner(NamedTuple):
    """A lambda, or a function inside a compound statement: a stage may start at one."""

    qualname: str
    line: int
    column: int
    """Where the body of a lambda begins on that line."""
    hash: bytes
    hints: bytes
    reads: tuple[Reference, ...]
    hint_reads: tuple[Reference, ...]


class Atom(NamedTuple):
    """One top-level statement."""

    kind: AtomKind
    names: tuple[str, ...]
    """What it binds in the module."""
    line: int
    end: int
    hash: bytes
    """Canonical, without decorators, docstrings and annotations. An import has none: what it binds is in the links."""
    hints: bytes
    """Annotations of signatures and variables."""
    fields: bytes
    """Annotations of class attributes."""
    docs: bytes
    raw: bytes
    """Text and first line."""
    reads: tuple[Reference, ...]
    shell_reads: tuple[Reference, ...]
    """Those outside of the bodies of functions."""
    hint_reads: tuple[Reference, ...]
    field_reads: tuple[Reference, ...]
    imports: tuple[tuple[str, Reference], ...]
    """(name, what it is imported from), of imports that run with the module."""
    loads: tuple[Reference, ...]
    """Modules that run with the module, in order; `pkg:name` may be one or not."""
    bases: tuple[Reference, ...]
    """Base classes and metaclass."""
    decorators: tuple[Decorator, ...]
    now: Unit
    later: tuple[Unit, ...]
    aliases: tuple[tuple[str, Reference], ...]
    """(name, what it may be another name of)."""
    holds: tuple[tuple[str, Reference], ...]
    """(name, what its value holds)."""
    makers: tuple[tuple[str, Reference], ...]
    """(name, what was called to make its value)."""
    flags: tuple[tuple[str, int], ...]
    """(how it looks at other code, line)."""
    strings: tuple[str, ...]
    """Literals that may name modules or scripts."""
    environ: tuple[str, ...]
    """Environment variables named; `$NAME`: by that constant."""
    inner: tuple[Inner, ...]
    main: bool
    """Whether it runs only in a script (`if __name__ == "__main__"`)."""


COMPUTED = "*"
"""Among the names that a module exports: there may be others."""


class Summary(NamedTuple):
    """One file."""

    digest: str
    """BLAKE3 of the bytes."""
    error: str
    """Why it could not be read as Python; then it has no atoms, and its bytes are its identity."""
    doc: bytes
    """Hash of the module's docstring."""
    future: bool
    """Whether annotations are strings (`from __future__ import annotations`)."""
    atoms: tuple[Atom, ...]
    stars: tuple[tuple[int, Reference], ...]
    """(atom, module) of star imports."""
    exports: tuple[str, ...] | None
    """Strings in what is assigned to `__all__`, and `COMPUTED` if there is more to it; None without."""
    shell: bytes = b""
    """Hash of what runs with the module: its statements without the bodies of functions, decorators included."""

    def to_data(self) -> tuple[Any, ...]:
        """Give it as plain tuples."""
        return (*self[:4], tuple([_plain(atom) for atom in self.atoms]), *self[5:])

    @classmethod
    def from_data(cls, data: tuple[Any, ...]) -> "Summary":
        """Make it again from plain tuples."""
        digest, error, doc, future, atoms, *rest = data
        return cls(digest, error, doc, future, tuple([_atom(atom) for atom in atoms]), *rest)

    def names(self) -> Mapping[str, list[int]]:
        """Index the atoms by what they bind in the module, in the order of the file, scripts' own left out."""
        index: dict[str, list[int]] = {}
        for number, atom in enumerate(self.atoms):
            if not atom.main:
                for name in atom.names:
                    index.setdefault(name, []).append(number)
        return index


_DECORATORS, _NOW, _LATER, _INNER = (Atom._fields.index(name) for name in ("decorators", "now", "later", "inner"))


def _plain(atom: Atom) -> tuple[Any, ...]:
    fields: list[Any] = list(atom)
    fields[_NOW] = tuple(atom.now)
    fields[_LATER] = tuple(map(tuple, atom.later))
    if fields[_DECORATORS] or fields[_INNER]:
        fields[_DECORATORS] = tuple(map(tuple, atom.decorators))
        fields[_INNER] = tuple(map(tuple, atom.inner))
    return tuple(fields)


def _atom(data: tuple[Any, ...]) -> Atom:
    fields = list(data)
    fields[_DECORATORS] = tuple(Decorator._make(item) for item in fields[_DECORATORS])
    fields[_NOW] = Unit._make(fields[_NOW])
    fields[_LATER] = tuple(map(Unit._make, fields[_LATER]))
    fields[_INNER] = tuple(Inner._make(item) for item in fields[_INNER])
    return Atom._make(fields)
