"""What one stretch of running code used, while it is being gathered."""

import collections
import fnmatch
import json
import os
import re
import shlex
import stat
import sys
import types
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from pivot.fingerprint.callers import Floor, is_library_importing, users
from pivot.fingerprint.code_names import LoadedModules, file_of, imported_by, module_of, names_of
from pivot.fingerprint.observed import (
    LEADS,
    Declared,
    ImportFact,
    Observed,
    content_hash,
    directory_hash,
    environment_hash,
)
from pivot.fingerprint.territory import Territory

# The functions themselves: while something is recorded, the names in `os` belong to the recorder.
_access, _stat = os.access, os.stat

_pieces = re.compile(r"[=<>|&;(),]+").split
"""Cuts a word of a command where a name may begin: `--config=a.ini`, `if=a`, `<a`, `cat a;`."""

_STATEMENTS = 100
"""How many uses of one file or variable are attributed to statements of modules."""


class Recording:
    """Gather what is used; any thread may add, and so may processes that fork off.

    `observed` sums up the facts: kind -> subject -> detail, each with what was true when it was first noted.
    """

    def __init__(self, territory: Territory, modules: LoadedModules, floor: Floor | None = None) -> None:
        self.territory = territory
        self.floor = floor
        self.may_import = floor is None
        """Whether a module may be about to define itself: above the floor there is none before one is announced."""
        self._modules = modules
        self.copying: tuple[types.CodeType, int] | None = None
        """The instruction that read the names of all variables last."""
        self._facts: Mapping[str, dict[str, Any]] = collections.defaultdict(dict)
        self._started: list[types.CodeType] = []
        self._statements: set[tuple[str, int, str, str]] = set()
        """(module, line, kind, subject) of what statements at the top of modules used."""
        self._users: dict[str, list[Sequence[types.CodeType | None]]] = {}
        """Subject -> for each use, the user's functions during which it was; None for one that cannot be told."""
        self._times: dict[tuple[str, str], int] = {}
        self._process = os.getpid()
        self._from_children: IO[bytes] | None = None

    def _uses(self, kind: str, subject: str, by: types.FrameType | None, detail: Any = True) -> None:
        """Note something that the result depends on, also for the statement of a module that is being imported."""
        self._note(kind, subject, detail)
        times = self._times[kind, subject] = self._times.get((kind, subject), 0) + 1
        # A loop in a stage asks thousands of times; not as many statements of modules use one file.
        if times <= _STATEMENTS:
            functions, statement = users(by, self.territory.is_ours, self.floor)
            self._users.setdefault(subject, []).append(functions)
            if statement is not None:
                self._statements.add((*statement, kind, subject))

    def _note(self, kind: str, subject: str, detail: Any = True) -> None:
        if subject not in (facts := self._facts[kind]):
            facts[subject] = detail
            if self._from_children is not None and os.getpid() != self._process:
                os.write(self._from_children.fileno(), json.dumps([kind, subject, detail]).encode() + b"\n")

    def expects_children(self) -> None:
        """Open what processes that are about to fork off will write to. They may end without a word (`os._exit`)."""
        if self._from_children is None:
            import tempfile  # imports archives of all kinds

            self._from_children = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  (as long as the recording)

    def _hear_children(self) -> None:
        if self._from_children is not None and os.getpid() == self._process:
            size = os.fstat(self._from_children.fileno()).st_size
            for line in os.pread(self._from_children.fileno(), size, 0).splitlines():
                self._note(*json.loads(line))

    def reads(self, path: str, by: types.FrameType | None = None) -> None:
        """Note that the content of a file is read, or that there was none. `by`: who does, where that is known."""
        self._opens("read", path, by)

    def lists(self, path: str, by: types.FrameType | None = None) -> None:
        """Note that the names in a directory are read, or that there was none."""
        self._opens("list", path, by)

    def follows(self, path: str, by: types.FrameType | None = None) -> None:
        """Note that the text of a symbolic link is read: `realpath`, `resolve`."""
        if not self.has_made(path):
            self._uses("list", path + LEADS, by)

    def _opens(self, kind: str, path: str, by: types.FrameType | None) -> None:
        if self.has_made(path):
            return
        if exists(path):
            self._uses(kind, path, by)
        else:
            self.asks(path, by, there=False)

    def has_made(self, path: str) -> bool:
        """Whether a path is the run's own, so that nothing that is done with it counts."""
        return path in self._facts["make"]

    def writes(self, path: str) -> None:
        """Note that a file or directory is made, replaced or removed: unless read before, it is the run's own."""
        if path not in self._facts["read"] and path not in self._facts["list"]:
            self._note("make", path)

    def asks(self, path: str, by: types.FrameType | None = None, *, there: bool) -> None:
        """Note that the run looked whether a path exists."""
        if not self.has_made(path):
            self._uses("ask", path, by, there)

    def reads_variable(self, name: str, environ: Mapping[str, str], by: types.FrameType | None = None) -> None:
        """Note a variable with its value when first read, unless the run set it itself."""
        if name not in self._facts["set"] and not name.startswith("PIVOT_"):
            known = name in self._facts["env"]
            self._uses("env", name, by, None if known else environment_hash(name, environ))

    def sets_variable(self, name: str) -> None:
        """Note that the run sets a variable: what it reads there later is its own."""
        if name not in self._facts["env"]:
            self._note("set", name)

    def starts(self, code: types.CodeType) -> None:
        """Note that a function runs."""
        if self._from_children is None or os.getpid() == self._process:  # if nothing has forked, nobody need ask
            # Named at the end: this is called for every function. No set: functions of equal text may be two, in two
            # files, and have equal code.
            self._started.append(code)
        else:
            for _, name in self._names([code]):
                self._note("code", name)

    def _names(self, codes: Sequence[types.CodeType]) -> list[tuple[types.CodeType, str]]:
        """Name functions. Of which module a file is, is asked once for all that are in it."""
        modules = {file: self._modules.named(file) for file in {code.co_filename for code in codes}}
        return [(code, name) for code in codes for name in names_of(code, modules[code.co_filename])]

    def imports(self, module: str) -> None:
        """Note that a module is imported by a computed name."""
        self._note("import", module)

    def spawns(self, argv: list[str], cwd: str) -> None:
        """Note a child process, unless a library starts it when imported, and the files of ours in its arguments."""
        if argv and not is_library_importing(self.territory.is_ours):
            self._note("spawn", os.path.basename(argv[0]))
        shell_words = (word for line in argv if " " in line for word in words(line))
        pieces = dict.fromkeys(piece for word in (*argv, *shell_words) for piece in (word, *_pieces(word)))
        for path in [path for piece in pieces if piece for path in self._meant(piece, cwd)]:
            if self.territory.inside(path) is not None and os.path.isfile(path):
                self.reads(path)
                if path.endswith(".py") and (module := module_of(path)):
                    self._note("code", module)
        if "-m" in argv[:-1]:
            self._note("import", argv[argv.index("-m") + 1])
        if "-c" in argv[:-1] and "python" in os.path.basename(argv[0]):
            for module in imported_by(argv[argv.index("-c") + 1]):
                self._note("import", module)

    def _meant(self, word: str, cwd: str) -> list[str]:
        """Give the paths that a word may name; of `sql/*.sql`, those that a shell finds."""
        path = os.path.normpath(os.path.join(cwd, word))
        directory, pattern = os.path.split(path)
        if "/" not in word or not {*"*?["} & {*pattern} or self.territory.inside(directory) is None:
            return [path]
        if not os.path.isdir(directory):
            return []
        self.lists(directory)
        return [os.path.join(directory, name) for name in fnmatch.filter(os.listdir(directory), pattern)]

    def observed(self, declared: Iterable[str] = ()) -> Observed:
        """Give what was seen so far, without what is `Declared`: that is not even looked at again."""
        self._hear_children()
        # A copy of each kind: other threads may still add to them.
        facts = {kind: noted.copy() for kind, noted in dict(self._facts).items()}
        known = Declared(declared)
        outside = [path for path in facts.get("read", {}) if self.territory.is_outside(path) and path not in known]
        code = {*facts.get("code", {}), *[name for _, name in self._names(self._started.copy())]}
        files, directories, present, missing = self._inside(facts, known)
        return Observed(
            files,
            directories,
            present,
            missing,
            env=dict(sorted(facts.get("env", {}).items())),
            code=tuple(sorted(code)),
            modules=tuple(sorted([name for name in facts.get("import", {}) if self._is_ours(name)])),
            spawned=tuple(sorted(facts.get("spawn", {}))),
            outside=tuple(sorted(outside)),
        )

    def _inside(self, facts: Mapping[str, Mapping[str, Any]], known: Declared) -> Sequence[tuple[str, ...]]:
        """Give what of the project was used: files, directories, paths that are present, and missing ones."""
        read, listed, asked, made = [facts.get(kind, {}) for kind in ("read", "list", "ask", "make")]
        used = self._named([*read, *listed], known)
        wanted = {path: name for path, name in self._named(asked, known).items() if name not in known.leading}
        if not used and not wanted:
            return (), (), (), ()
        here = {path: mode for path in {*used, *wanted} if (mode := _mode(path)) is not None}
        files = [name for path, name in used.items() if path in read and path in here and not stat.S_ISDIR(here[path])]
        directories = [name for path, name in used.items() if path in listed and (path in here or name.endswith(LEADS))]
        present = [name for path, name in wanted.items() if asked[path] and path in here and path not in read]
        missing = [name for path, name in wanted.items() if path not in here and (asked[path] or path not in made)]
        gone = [name for path, name in used.items() if path in read and path not in here and name not in known.leading]
        return [tuple(sorted(set(names))) for names in (files, directories, present, [*missing, *gone])]

    def _named(self, paths: Iterable[str], known: Declared) -> dict[str, str]:
        """Name paths as they are in the project; not those that are not, or are declared."""
        names = {path: self.territory.inside(path) for path in paths}
        return {path: name for path, name in names.items() if name is not None and name not in known}

    def users(self) -> dict[str, frozenset[str]]:
        """Say during which of the user's definitions each file (relative) and variable was used.

        They are named as in manifests; a pipeline file's also without its directory. An empty name is one not known.
        """
        # By identity: functions of equal text may be two, in two files, and have equal code.
        users = {subject: {id(code): code for use in uses for code in use} for subject, uses in self._users.items()}
        functions = {number: code for found in users.values() for number, code in found.items()}
        names: dict[int, set[str]] = collections.defaultdict(set, {id(None): {""}})
        for code, name in self._names([code for code in functions.values() if code is not None]):
            names[id(code)].update(_spellings(name, code))
        return {
            self.territory.inside(subject) or subject: frozenset(name for number in found for name in names[number])
            for subject, found in users.items()
        }

    def import_facts(self) -> tuple[ImportFact, ...]:
        """Give what module-level statements used while modules were imported, with what was there; sorted."""
        seen = self.observed()
        there = (set(seen.files), set(seen.directories), set(seen.present), set(seen.missing))
        facts = (self._fact(statement, there, seen.env) for statement in self._statements)
        return tuple(sorted(fact for fact in facts if fact is not None))

    def _fact(
        self, statement: tuple[str, int, str, str], there: tuple[set[str], ...], env: Mapping[str, str | None]
    ) -> ImportFact | None:
        module, line, kind, subject = statement
        if kind == "env":
            return ImportFact(module, line, "environment", subject, env[subject] or "")
        name = self.territory.inside(subject)
        if name is None:
            return None
        files, directories, present, missing = (name in names for names in there)
        if kind == "read" and files:
            return ImportFact(module, line, "file", name, content_hash(subject))
        if kind == "list" and directories:
            return ImportFact(module, line, "directory", name, directory_hash(subject))
        if present or missing:
            return ImportFact(module, line, "present" if present else "missing", name)
        return None

    def _is_ours(self, module: str) -> bool:
        file = getattr(sys.modules.get(module), "__file__", None) or file_of(module)
        return file is not None and self.territory.is_ours(file)


Recordings = tuple[Recording, ...]


def _spellings(name: str, code: types.CodeType) -> tuple[str, str]:
    """Name the top-level definition that a function stands in."""
    module, _, qualname = name.partition(":")
    top = qualname.partition(".")[0]
    return f"{module}.{top}", f"{Path(code.co_filename).stem}.{top}"


def exists(path: str) -> bool:
    """Whether a path is there, unrecorded."""
    try:
        return _access(path, os.F_OK)
    except ValueError:
        return False


def _mode(path: str) -> int | None:
    """Say what lies at a path, unrecorded; None for nothing."""
    try:
        return _stat(path).st_mode
    except (OSError, ValueError):
        return None


def words(command: object) -> list[str]:
    """Split what was handed to a child process into words: a list, or a line for the shell."""
    if isinstance(command, (str, bytes)):
        line = os.fsdecode(command)
        try:
            return shlex.split(line)
        except ValueError:
            return line.split()
    if isinstance(command, os.PathLike):
        return [os.fsdecode(command)]
    return [os.fsdecode(word) for word in command if isinstance(word, (str, bytes, os.PathLike))]  # type: ignore[attr-defined]
