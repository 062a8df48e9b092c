"""From live stage functions to data: where the identity of a stage starts, and the values its text does not show."""

import os
import types
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pivot.fingerprint.callables import Anatomy, Code, anatomy, binding_of, is_callable_by_code, is_ours, is_typed
from pivot.fingerprint.values import Identified, Values

STALE = "always stale: cannot identify "
"""How the note of a root begins that no identity can be given for."""


class Root(NamedTuple):
    """Where the identity of one stage starts. Plain data: kept in snapshots, so that identities need no import."""

    module: str
    """The module's name at run time, from the globals of the function."""
    qualname: str
    """Such as `train`, `Trainer.fit`, `make.<locals>.inner`, `<lambda>`; empty for the whole module."""
    line: int = 0
    """First line of the definition (of its first decorator): finds it when the name is bound again. 0: not known."""
    column: int = -1
    """Of a lambda: the UTF-8 offset at which its body begins on that line; tells it from others. -1: not known."""
    values: tuple[tuple[str, str], ...] = ()
    """(label, hash) of live values, sorted: `partial arg 0`, `closure factor`, `self`, `default x`, `version`."""
    also: tuple["Root", ...] = ()
    """Code met in live values or named by `depends`; these have no values, what they carry is in the hashes of ours."""
    notes: tuple[str, ...] = ()
    """What could not be identified, each beginning with STALE."""
    ignore: tuple[str, ...] = ()
    """Names that do not count, as the user wrote them: `log`, `helpers.log`."""
    files: tuple[tuple[str, str], ...] = ()
    """(label for people and hashes, absolute path) of files and directories named by `depends`, sorted."""

    def to_data(self) -> list[Any]:
        """Give it as JSON values."""
        return [*self[:4], self.values, [root.to_data() for root in self.also], *self[6:]]

    @classmethod
    def from_data(cls, data: list[Any]) -> "Root":
        """Make it again from `to_data`, after a trip through JSON or not."""
        module, qualname, line, column, values, also, notes, ignore, files = data
        roots = tuple(cls.from_data(root) for root in also)
        return cls(module, qualname, line, column, _pairs(values), roots, tuple(notes), tuple(ignore), _pairs(files))


def _pairs(data: Iterable[Iterable[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((first, second) for first, second in data)


def root_of(
    func: Any,
    *,
    values: Mapping[str, object] = {},
    depends: Iterable[object] = (),
    ignore: Iterable[str] = (),
    version: str | None = None,
    base: Path | None = None,
    project: Path | None = None,
    identified: Values | None = None,
) -> Root:
    """Say where the identity of a stage function starts.

    `values` are further live values by label (loaders and their configuration); `depends` takes functions, classes,
    modules and values, or files as text or `Path`, relative to `base` (the pipeline's root). Paths below `project`
    count relative to it. `identified` are the values that other stages of the project have in common with this one.
    """
    known = identified or Values(project)
    gathered = _Gathered(project, known)
    code = gathered.start(func)
    for label, value in values.items():
        gathered.count(label, known.of_small(value))
    if version is not None:
        gathered.add("version", version)
    files = gathered.depend(depends, base or project or Path())
    return gathered.root(code, tuple(sorted(ignore)), files)


class _Gathered:
    """What one stage carries, gathered label by label."""

    def __init__(self, project: Path | None, known: Values) -> None:
        self._project = project
        self._known = known
        self._values: list[tuple[str, str]] = []
        self._also: set[Code] = set()
        self._notes: list[str] = []

    def start(self, func: Any) -> Code:
        """Take the stage function apart."""
        taken, binding = anatomy(func), binding_of(func)
        if binding is not None and binding[:2] != taken.code[:2]:
            self._also.add(binding)
        for label, value in _told(taken, binding):
            self.add(label, value, shown=binding is not None and not is_typed(taken.code.module))
        return taken.code

    def add(self, label: str, value: object, *, shown: bool = False) -> None:
        """Identify a value and count it."""
        self.count(label, self._known.of(value), shown=shown)

    def count(self, label: str, found: Identified, *, shown: bool = False) -> None:
        """Count a value; one that nothing identifies is left to the text, if that shows how it is made."""
        self._values.append((label, found.hash))
        self._also.update(found.code)
        if not shown:
            self._notes += [f"{STALE}{label}: {kind}" for kind in found.unknown]

    def depend(self, depends: Iterable[object], base: Path) -> tuple[tuple[str, str], ...]:
        """Sort what the user named into code, values and files; give the files."""
        files = []
        for index, item in enumerate(depends):
            if isinstance(item, (str, os.PathLike)):
                files.append(self._file(base, os.fspath(item)))
            else:
                self.add(f"depends {_name(item, index)}", item)
        return tuple(sorted(files))

    def _file(self, base: Path, path: str | bytes) -> tuple[str, str]:
        absolute = os.path.normpath(base.absolute() / os.fsdecode(path))
        inside = self._project is not None and Path(absolute).is_relative_to(self._project)
        label = os.path.relpath(absolute, self._project) if inside else os.fsdecode(path)
        return Path(label).as_posix(), absolute

    def root(self, code: Code, ignore: tuple[str, ...], files: tuple[tuple[str, str], ...]) -> Root:
        """Put it all together."""
        also = tuple(Root(*other) for other in sorted(self._also - {code}))
        return Root(*code, tuple(sorted(self._values)), also, tuple(dict.fromkeys(self._notes)), ignore, files)


def _told(taken: Anatomy, binding: Code | None) -> Iterable[tuple[str, Any]]:
    """Leave out what a library's wrapper carries when the text shows how it was made.

    Such state holds locks, counters, unique ids: hashing it reruns for nothing, and the text and the library's
    version say all of it.
    """
    if not taken.carried or binding is None or is_ours(taken.code.module):
        return taken.carried
    return [(label, value) for label, value in taken.carried if label == "wrapped"]


def _name(item: object, index: int) -> str:
    if isinstance(item, types.ModuleType):
        return item.__name__
    return str(getattr(item, "__qualname__", index)) if is_callable_by_code(item) else str(index)
