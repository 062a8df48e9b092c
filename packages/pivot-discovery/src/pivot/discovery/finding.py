"""All pipeline files of a project, at the price of one stat per directory when nothing changed."""

import fnmatch
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pivot.discovery.names import PIPELINE_FILES, PYTHON_FILE
from pivot.discovery.project import Project
from pivot.discovery.store import read_json, write_json
from pivot.registry.layout import CONFIG_NAME, PIVOT_DIR
from pivot.registry.marks import Mark, is_settled, mark_of

_REMEMBERED = "directories.json"
_NEVER = frozenset({"__pycache__", "node_modules", "site-packages", "dist-packages"})
_VENV_MARK = "pyvenv.cfg"


class _Directory(NamedTuple):
    """What a listing showed, and the mark under which it still holds."""

    mark: tuple[int, int, int]
    """mtime_ns, ctime_ns, inode: change when a name comes, goes or is replaced. Not when a file's content changes."""
    settled: bool
    children: tuple[str, ...]
    """Directories to look into, sorted."""
    files: tuple[str, ...]
    """Pipeline files by name."""
    is_project: bool
    """Whether a `.pivot` directory lies here, so that it may be a project of its own."""


class _Mention(NamedTuple):
    """Whether a pipeline.py is about pivot, and the mark under which that still holds."""

    mark: Mark
    settled: bool
    pivot: bool


class _Memory(NamedTuple):
    """What one walk leaves for the next, by path relative to the project."""

    directories: dict[str, _Directory]
    mentions: dict[str, _Mention]


def find_pipeline_files(project: Project) -> list[Path]:
    """List the pipeline files of a project by path: `pivot.yaml`, and each `pipeline.py` that mentions pivot.

    Left out are hidden directories, virtual environments, installed packages, the cache, projects of their own below
    this one, what `discovery.exclude` names, and what lies behind symbolic links to directories: inside the project it
    is found where it really is.
    """
    return list(_Search(project).files())


class _Search:
    """One walk over a project, with what earlier walks remembered.

    files
      _look             one directory: by its stat, else by a listing
      _pipelines        its pipeline files
      _save             if anything was new
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._root = str(project.root)
        self._owns_all = bool(project.environ.get("PIVOT_PROJECT_ROOT"))
        self._started = time.time_ns()
        self._before = _remembered(project.local / _REMEMBERED)
        self._now = _Memory({}, {})

    def files(self) -> Iterator[Path]:
        """Walk depth first, in the order of names."""
        pending = ["."]
        while pending:
            relative = pending.pop()
            found = self._look(relative)
            if found is None:
                continue
            self._now.directories[relative] = found
            yield from self._pipelines(relative, found)
            children = (child if relative == "." else f"{relative}/{child}" for child in found.children)
            pending += sorted(children, reverse=True)
        self._save()

    def _look(self, relative: str) -> _Directory | None:
        path = self._path(relative)
        try:
            status = os.lstat(path)
        except OSError:
            return None
        if not stat.S_ISDIR(status.st_mode) or self._excluded(relative, path):
            return None
        known = self._before.directories.get(relative)
        mark = (status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        if known is None or not known.settled or known.mark != mark:
            known = _listed(path, mark, is_settled(mark_of(status), self._started))
        return None if known is None or self._is_foreign(relative, path, known) else known

    def _path(self, relative: str) -> str:
        return self._root if relative == "." else f"{self._root}/{relative}"

    def _excluded(self, relative: str, path: str) -> bool:
        if path == str(self._project.cache_dir):
            return True
        return any(_matches(pattern, relative) for pattern in self._project.config.discovery.exclude)

    def _is_foreign(self, relative: str, path: str, found: _Directory) -> bool:
        """Whether a directory is the root of another project: its pipelines belong to that one."""
        if relative == "." or self._owns_all or not found.is_project:
            return False
        return os.path.isfile(f"{path}/{PIVOT_DIR}/{CONFIG_NAME}")

    def _pipelines(self, relative: str, found: _Directory) -> Iterator[Path]:
        for name in found.files:
            path = f"{self._path(relative)}/{name}"
            # Beside a pivot.yaml any pipeline.py is one too many, and that is told when the directory is loaded.
            counts = name != PYTHON_FILE or len(found.files) > 1 or self._mentions_pivot(relative, path)
            if counts and not self._excluded(f"{relative}/{name}".removeprefix("./"), path):
                yield Path(path)

    def _mentions_pivot(self, relative: str, path: str) -> bool:
        """Many a pipeline.py is something else (scikit-learn's, say)."""
        try:
            mark = mark_of(os.stat(path))
            known = self._before.mentions.get(relative)
            if known is None or not known.settled or known.mark != mark:
                known = _Mention(mark, is_settled(mark, self._started), b"pivot" in Path(path).read_bytes())
        except OSError:
            return True  # loading it says what is wrong
        self._now.mentions[relative] = known
        return known.pivot

    def _save(self) -> None:
        # Where there is no pipeline nothing is left behind: a new `.pivot` would make the place a project.
        any_files = any(found.files for found in self._now.directories.values())
        wanted = any_files or (self._project.root / PIVOT_DIR).is_dir()
        if wanted and self._now != self._before:
            write_json(self._project.local / _REMEMBERED, [self._now.directories, self._now.mentions])


def _listed(path: str, mark: tuple[int, int, int], settled: bool) -> _Directory | None:
    try:
        with os.scandir(path) as entries:
            found = {entry.name: entry.is_dir(follow_symlinks=False) for entry in entries}
    except OSError:
        return None
    if _VENV_MARK in found:
        return _Directory(mark, settled, (), (), False)
    children = sorted(name for name, is_dir in found.items() if is_dir and name not in _NEVER and name[0] != ".")
    files = tuple(name for name in PIPELINE_FILES if found.get(name) is False)
    return _Directory(mark, settled, tuple(children), files, PIVOT_DIR in found)


def _matches(pattern: str, relative: str) -> bool:
    """Compare a path with a pattern of which `*` also stands for slashes."""
    pattern = pattern.removeprefix("./").strip("/").removesuffix("/**")
    if "/" not in pattern:
        return fnmatch.fnmatchcase(relative.rpartition("/")[2], pattern)
    return fnmatch.fnmatchcase(relative, pattern) or fnmatch.fnmatchcase(relative, pattern.removeprefix("**/"))


def _remembered(store: Path) -> _Memory:
    try:
        directories, mentions = read_json(store)
        return _Memory(
            {
                path: _Directory(tuple(mark), settled, tuple(children), tuple(files), bool(is_project))
                for path, (mark, settled, children, files, is_project) in directories.items()
            },
            {path: _Mention(Mark(*mark), settled, pivot) for path, (mark, settled, pivot) in mentions.items()},
        )
    except (ValueError, TypeError, AttributeError):
        return _Memory({}, {})
