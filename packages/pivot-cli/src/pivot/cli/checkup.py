"""What `pivot doctor` looks at. Each check is a function of the place it looks at, and gives what it found."""

import enum
import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from pivot.cli.opening import Scene
from pivot.registry.definition import PipelineView
from pivot.registry.layout import CONFIG_NAME, PIVOT_DIR

PACKAGES = ("pivot-cli", "pivot-discovery", "pivot-engine", "pivot-pipeline", "pivot-cache", "pivot-registry")
NETWORK = frozenset(
    ["nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "9p", "ceph", "glusterfs", "lustre", "gpfs", "beegfs"]
)
"""File systems, as the kernel names them, on which memory maps and locks of several machines do not agree."""


class Level(enum.StrEnum):
    """How much a finding matters."""

    OK = "ok"
    NOTE = "note"
    """Costs time, not correctness."""
    PROBLEM = "problem"


class Finding(NamedTuple):
    """One thing that was looked at."""

    about: str
    level: Level
    what: str
    hint: str = ""


def findings(scene: Scene, mounts: str) -> Iterator[Finding]:
    """Look at everything: `mounts` is the text of the system's table of mounts."""
    yield from versions()
    yield from project(scene)
    yield from file_systems(scene, mounts)
    yield from stored(scene)
    yield from trash(scene)
    yield from pipelines(scene)


def versions() -> Iterator[Finding]:
    """Say which pivot runs on which Python; parts of different versions are a problem."""
    yield Finding("python", Level.OK, f"{platform.python_version()} ({sys.implementation.name}) on {platform.system()}")
    found = {name: _version(name) for name in PACKAGES}
    if len(set(found.values())) == 1:
        yield Finding("pivot", Level.OK, found["pivot-cli"])
    else:
        told = ", ".join(f"{name} {number}" for name, number in found.items())
        yield Finding("pivot", Level.PROBLEM, f"parts of different versions: {told}", "Install all in one version.")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def project(scene: Scene) -> Iterator[Finding]:
    """Say where the project is and what marks it."""
    root = scene.project.root
    config = root / PIVOT_DIR / CONFIG_NAME
    yield Finding("project", Level.OK, str(root))
    if config.is_file():
        yield Finding("configuration", Level.OK, str(config))
    else:
        hint = "`pivot init` in the project's root writes one, which marks the root for good."
        yield Finding("configuration", Level.NOTE, "none: the defaults hold", hint)
    yield _writable("cache", scene.project.cache_dir)


def _writable(about: str, directory: Path) -> Finding:
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    if not existing.is_dir():
        return Finding(
            about, Level.PROBLEM, f"{existing} is not a directory", "Change cache.dir, or move the file away."
        )
    if not os.access(existing, os.W_OK):
        return Finding(
            about, Level.PROBLEM, f"{directory} cannot be written", f"Give yourself write access to {existing}."
        )
    return Finding(about, Level.OK, str(directory))


def file_systems(scene: Scene, mounts: str) -> Iterator[Finding]:
    """Find project and cache on network file systems: LMDB and file locks are not reliable there."""
    for about, place in (("project", scene.project.root), ("cache", scene.project.cache_dir)):
        kind = file_system_of(place, mounts)
        if kind in NETWORK or kind.startswith("fuse."):
            hint = "Put cache.dir on a local disk." if about == "cache" else "Run one pivot at a time there."
            yield Finding(f"{about} disk", Level.NOTE, f"{place} is on {kind}, a network file system", hint)


def file_system_of(place: Path, mounts: str) -> str:
    """Find the type of the file system that a path is on; empty if the table does not tell."""
    best, found = "", ""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) >= 3:
            point = fields[1].replace("\\040", " ")
            if place.is_relative_to(point) and len(point) >= len(best):
                best, found = point, fields[2]
    return found


def stored(scene: Scene) -> Iterator[Finding]:
    """Hash some of what the cache holds, drawn by chance: a second's worth. What is damaged goes to quarantine."""
    from pivot.cache import CacheError
    from pivot.cache.telling import verify_lines

    if not (scene.project.cache_dir / "store.json").exists():
        return
    try:
        with scene.settings().open_cache() as cache:
            report = cache.verify_some()
    except CacheError as error:
        what, _, hint = str(error).partition("\n")
        yield Finding("stored", Level.PROBLEM, what, hint)
        return
    what = f"a sample, {next(verify_lines(report))}"
    if report.clean:
        yield Finding("stored", Level.OK, what)
    else:
        hint = "They are in quarantine. `pivot cache verify --repair` looks at everything, and mends what it can."
        yield Finding("stored", Level.PROBLEM, what, hint)


def trash(scene: Scene) -> Iterator[Finding]:
    """Say how much runs have replaced that nobody else may have."""
    from pivot.cli.logbook import state_dirs
    from pivot.cli.trash import summary
    from pivot.engine.trash import thrown

    found = thrown(state_dirs(scene, everything=True)) if scene.views or scene.broken else []
    if found:
        what = f"{summary(found)} that runs have replaced; `pivot cache gc` lets go of what is older than 30 days"
        yield Finding("trash", Level.OK, what)


def pipelines(scene: Scene) -> Iterator[Finding]:
    """Say which pipelines there are, which are broken, and which must be loaded at every command."""
    from pivot.discovery import why_not

    for file, error in scene.broken.items():
        yield Finding(scene.project.relative(file), Level.PROBLEM, str(error).partition("\n")[0], error.hint or "")
    slow = dict(why_not(scene.project))
    for file, view in scene.views.items():
        about = scene.project.relative(file)
        reason = slow.get(file)
        if reason is None:
            yield Finding(about, Level.OK, f"pipeline {view.name}, {len(view.definitions())} stages")
        else:
            hint = "It works, and is loaded anew by every command."
            yield Finding(about, Level.NOTE, f"pipeline {view.name} cannot be taken from its snapshot: {reason}", hint)
        yield from _left_locks(about, view)


def _left_locks(about: str, view: PipelineView) -> Iterator[Finding]:
    """Find the lock files of stages that were renamed or removed: nothing else tells of them."""
    from pivot.executor.state import file_name

    known = {file_name(stage.ref.stage) for stage in view.definitions() if stage.state_dir == view.state_dir}
    found = {file.name.removesuffix(".lock") for file in Path(view.state_dir, "stages").glob("*.lock")}
    if left := sorted(found - known):
        what = f"lock files of stages that pipeline {view.name} does not have: {', '.join(left)}"
        hint = f"Delete those in {Path(view.state_dir, 'stages')}; until then the cache keeps what they name."
        yield Finding(about, Level.NOTE, what, hint)
