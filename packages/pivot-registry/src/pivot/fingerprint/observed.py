"""What a run was seen to use, as data; and what of it nobody had declared or foreseen."""

import functools
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from blake3 import blake3

WHOLE_ENVIRONMENT = "*"
"""The name under which reading all variables at once (`dict(os.environ)`) is observed."""

# Of the session and the machine: no computation means these when it copies the environment for a child process.
_SESSION = frozenset([
    "COLUMNS", "DISPLAY", "EDITOR", "HOME", "HOSTNAME", "INVOCATION_ID", "JOURNAL_STREAM", "LINES", "LOGNAME",
    "LS_COLORS", "NO_COLOR", "OLDPWD", "PAGER", "PATH", "PS1", "PWD", "SHELL", "SHLVL", "TEMP", "TERM", "TMP", "TMPDIR",
    "USER", "WINDOWID", "_",
])  # fmt: skip
_SESSION_PREFIXES = (
    "COLORTERM", "CONDA_", "COV_", "COVERAGE_", "DBUS_", "GIT_", "GPG_", "LESS", "LOKY_", "PIVOT_", "PYTEST_", "PYTHON",
    "SSH_", "TERM_", "TMUX", "UV_", "VIRTUAL_ENV", "VSCODE_", "WAYLAND_", "XDG_",
)  # fmt: skip


class Observed(NamedTuple):
    """What running code used. All JSON values; paths are POSIX and relative to the project; each tuple is sorted."""

    files: tuple[str, ...] = ()
    """Read, or asked for their size or times."""
    directories: tuple[str, ...] = ()
    """Listed: the names in them count (see `listing`). `name/->`: a symbolic link that was followed by its text."""
    present: tuple[str, ...] = ()
    """Asked for, and there when the run ended."""
    missing: tuple[str, ...] = ()
    """Asked for, and not there when the run ended: files, directories, modules that an import did not find."""
    env: Mapping[str, str | None] = {}
    """Variable -> `environment_hash` of its value when first read; None: not set."""
    code: tuple[str, ...] = ()
    """Functions of the user's that started, `module:qualname`; `module` for all of a module. Python 3.12 and later."""
    modules: tuple[str, ...] = ()
    """Modules of the user's that were imported by a computed name."""
    spawned: tuple[str, ...] = ()
    """Names of programs that were started; what they read is not seen."""
    outside: tuple[str, ...] = ()
    """Absolute paths of files read outside the project: for a warning, not for a comparison."""

    def to_data(self) -> dict[str, Any]:
        """Give what there is as JSON values; nothing observed is an empty object."""
        return {name: value for name, value in self._asdict().items() if value}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Observed":
        """Make it again from `to_data`, after a trip through JSON or not; unknown names are left out."""
        names: dict[str, Any] = {name: tuple(data[name]) for name in cls._fields if name in data and name != "env"}
        return cls(**names, env=dict(data.get("env", {})))


class ImportFact(NamedTuple):
    """One read by a module while it was defining itself: what its statement binds depends on it."""

    module: str
    line: int
    """Of the module-level statement that was being executed."""
    kind: Literal["file", "directory", "present", "missing", "environment"]
    name: str
    """Path as in `Observed`, or variable."""
    value: str = ""
    """Hash of the content, of the listing, or of the variable; empty for what has none (a variable that is not set)."""


class Declared:
    """The inputs and outputs of a stage, spelled as paths in `Observed` are (absolute if outside the project).

    What lies at or below them is in it, and need not be observed; nor need questions about what is `leading` there.
    """

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self._paths = set(map(os.path.normpath, paths))

    def __contains__(self, name: str) -> bool:
        return name in self._paths or not self._paths.isdisjoint(_above(name))

    @functools.cached_property
    def leading(self) -> Collection[str]:
        """The directories on the way to what is declared."""
        return set().union(*map(_above, self._paths))


def _above(path: str) -> Iterator[str]:
    while (cut := path.rfind("/")) > 0:
        path = path[:cut]
        yield path
    yield "/" if path.startswith("/") else "."


def unforeseen(observed: Observed, known: Collection[str]) -> tuple[str, ...]:
    """Give the code that ran and that the text did not show, as `module:name` or `module`.

    `known` are the qualified names that the static identity covers (`helpers.load`, `helpers.Table`). A module of
    which any part is known was foreseen: the text shows which parts of it are used.
    """
    started = set()
    for entry in observed.code:
        module, _, qualname = entry.partition(":")
        if "." in qualname:  # classes are taken whole, and so is what encloses local functions
            entry = f"{module}:{qualname.partition('.')[0]}"
        if entry.replace(":", ".") not in known:
            started.add(entry)
    imported = {name for name in observed.modules if name not in known}
    if imported:
        imported -= {name[:index] for name in known for index, letter in enumerate(name) if letter == "."}
    return tuple(sorted(started | imported))


def environment_hash(name: str, environ: Mapping[str, str]) -> str | None:
    """Identify the value of a variable, without telling it; None if it is not set."""
    if name == WHOLE_ENVIRONMENT:
        counted = sorted(key for key in environ if not is_of_the_session(key))
        return _salted(name, "\0".join(f"{key}={environ[key]}" for key in counted))
    value = environ.get(name)
    return None if value is None else _salted(name, value)


def is_of_the_session(name: str) -> bool:
    """Whether a variable is of the shell, the machine or a tool: it does not count in a whole environment."""
    return name in _SESSION or name.startswith(_SESSION_PREFIXES)


def _salted(name: str, value: str) -> str:
    return blake3(f"{name}\0{value}".encode("utf-8", "surrogatepass")).hexdigest()


def listing(directory: Path, leave_out: Collection[str] = ()) -> tuple[str, ...] | None:
    """Give the names in a directory that count, sorted, those of directories with a slash; None if it is none.

    `leave_out` are names that pivot itself puts there, such as outputs.
    """
    try:
        with os.scandir(directory) as entries:
            names = [f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries]
    except OSError:
        return None
    skipped = {"__pycache__/", ".pivot/", *leave_out}
    return tuple(sorted(name for name in names if name not in skipped and name.rstrip("/") not in skipped))


LEADS = "/->"
"""Ends the name of a symbolic link, among directories, where it counts what it leads to and not what is there."""


def directory_hash(path: str) -> str:
    """Identify the names in a directory, or what a link leads to."""
    if not path.endswith(LEADS):
        return listing_hash(listing(Path(path)))
    try:
        return listing_hash((os.readlink(path.removesuffix(LEADS)),))
    except OSError:
        return "gone"


def listing_hash(names: tuple[str, ...] | None) -> str:
    """Identify what `listing` gave."""
    return "gone" if names is None else blake3("\0".join(names).encode("utf-8", "surrogatepass")).hexdigest()


def content_hash(path: str) -> str:
    """Identify the content of a file."""
    try:
        return blake3().update_mmap(path).hexdigest()
    except OSError:
        return "gone"
