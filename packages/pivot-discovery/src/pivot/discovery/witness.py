"""What was read while something was computed: whether all of it is still the same is a matter of stats."""

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pivot.fingerprint.observed import LEADS, directory_hash, environment_hash, listing
from pivot.registry.marks import Seen, is_settled, mark_of, see, still


class Looked(NamedTuple):
    """Names that were looked up in one directory: another name that comes or goes there is no change."""

    mark: tuple[int, int, int] | None
    """mtime_ns, ctime_ns and inode; while these are the same, no name has come or gone. None: no such directory."""
    settled: bool
    names: Mapping[str, str]
    """Name -> what was there: `f` a file, `d` a directory, `` nothing."""


class Witness(NamedTuple):
    """Facts about files, names, directories and variables, by absolute path or by name."""

    files: Mapping[str, Seen] = {}
    looked: Mapping[str, Looked] = {}
    listed: Mapping[str, str] = {}
    """Directory -> identity of the names in it."""
    variables: Mapping[str, str | None] = {}

    def to_data(self) -> list[Any]:
        """Give it as JSON values."""
        return list(self)

    @classmethod
    def from_data(cls, data: Any) -> "Witness":
        """Make it again. Raises ValueError, TypeError or AttributeError for what `to_data` did not give."""
        files, looked, listed, variables = data
        return cls(
            {path: Seen(*seen) for path, seen in files.items()},
            {
                path: Looked(mark and tuple(mark), settled, dict(names))
                for path, (mark, settled, names) in looked.items()
            },
            dict(listed),
            dict(variables),
        )


class UnsettledError(Exception):
    """Something changed while it was read, so what was computed from it may be of both times."""


class Reading:
    """Gather what is read from one moment on."""

    def __init__(self, environ: Mapping[str, str], started_ns: int, before: Mapping[str, Seen] = {}) -> None:
        """`before` are files as they were seen already: where the stat is the same, they need not be read again."""
        self._before = before
        self._environ = environ
        self._started = started_ns
        self._files: dict[str, Seen] = {}
        self._names: dict[str, dict[str, str]] = {}
        self._listed: dict[str, str] = {}
        self._variables: dict[str, str | None] = {}

    def file(self, path: str) -> None:
        """Note a file that was read; one that is not there counts as looked for."""
        if path in self._files:
            return
        before = self._before.get(path)
        seen = still(path, before, self._started) if before is not None else see(path, self._started)
        if before is not None and seen is None:
            raise UnsettledError(path)
        if seen is None:
            self.name(path)
        elif not seen.settled:
            raise UnsettledError(path)
        else:
            self._files[path] = seen

    def name(self, path: str) -> None:
        """Note a path that was looked for."""
        directory, name = os.path.split(path)
        if name:
            self._names.setdefault(directory, {})[name] = kind_of(path)

    def directory(self, path: str) -> None:
        """Note a directory whose names were read."""
        if not path.endswith(LEADS):  # the text of a link is compared as it is
            try:
                settled = is_settled(mark_of(os.stat(path)), self._started)
            except OSError:
                self.name(path)
                return
            if not settled:
                raise UnsettledError(path)
        self._listed[path] = directory_hash(path)

    def tree(self, path: str) -> None:
        """Note a file, or a directory with all that is in it."""
        if not os.path.isdir(path):
            self.file(path)
            return
        self.directory(path)
        for name in listing(Path(path)) or ():
            self.tree(os.path.join(path, name.rstrip("/")))

    def variable(self, name: str, value: str | None) -> None:
        """Note a variable with the identity of its value."""
        self._variables[name] = value

    def variables(self, names: Iterable[str]) -> None:
        """Note variables as they are now."""
        for name in names:
            self._variables[name] = environment_hash(name, self._environ)

    def witness(self) -> Witness:
        """Sum up."""
        looked = {path: _looked(path, names, self._started) for path, names in self._names.items()}
        return Witness(self._files, looked, self._listed, self._variables)


class Comparison(NamedTuple):
    """A witness today: what is not as it was, and the witness with the marks of today."""

    changed: tuple[str, ...]
    same: Mapping[str, Seen]
    """The files that are as they were, with their marks of today."""
    witness: Witness


def compare(witness: Witness, environ: Mapping[str, str], now_ns: int) -> Comparison:
    """Look again at everything that was read."""
    files = {path: now for path, seen in witness.files.items() if (now := still(path, seen, now_ns)) is not None}
    looked = {path: found for path, seen in witness.looked.items() if (found := _again(path, seen, now_ns)) is not None}
    changed = [path for path in witness.files if path not in files]
    changed += [path for path in witness.looked if path not in looked]
    changed += [path for path, names in witness.listed.items() if directory_hash(path) != names]
    changed += [name for name, value in witness.variables.items() if environment_hash(name, environ) != value]
    return Comparison(tuple(changed), files, witness._replace(files=files, looked=looked))


def kind_of(path: str) -> str:
    """Say what lies at a path."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return ""
    return "d" if stat.S_ISDIR(mode) else "f"


def _looked(directory: str, names: Mapping[str, str], now_ns: int) -> Looked:
    try:
        status = os.stat(directory)
    except OSError:
        return Looked(None, True, names)
    return Looked(_mark(status), is_settled(mark_of(status), now_ns), names)


def _again(directory: str, before: Looked, now_ns: int) -> Looked | None:
    """Look at the names only if the directory is not the same."""
    today = _looked(directory, before.names, now_ns)
    if before.settled and today.mark == before.mark:
        return before
    same = all(kind_of(os.path.join(directory, name)) == kind for name, kind in before.names.items())
    return today if same else None


def _mark(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_mtime_ns, status.st_ctime_ns, status.st_ino
