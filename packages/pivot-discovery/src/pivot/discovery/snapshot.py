"""What loading a pipeline file gave, kept so that the next command need not load it.

A snapshot is two files: what every command needs, and what only re-identifying and explaining need.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from blake3 import blake3

from pivot.discovery.project import Project
from pivot.discovery.store import read_json, write_json
from pivot.discovery.tables import definitions_from, table_data
from pivot.discovery.witness import Witness
from pivot.fingerprint.collection import without_collection
from pivot.registry.definition import StageDefinition
from pivot.registry.types import PipelineName, StateDir


class Footing(NamedTuple):
    """What every fact of a snapshot stands on, besides files and variables that were read."""

    root: str
    """The project's: paths are absolute."""
    environment: str
    """The setting `identity.environment`."""
    python: tuple[str, str, int]
    """Version with its build, prefix of the environment, `-O`."""
    path: tuple[str, ...]
    """`sys.path` of the command."""
    pivot: tuple[int, int]
    """mtime_ns and size of this file: another version of pivot may see things another way."""

    @classmethod
    def here(cls, project: Project) -> "Footing":
        """Take down that of this process."""
        own = os.stat(__file__)
        python = (sys.version, sys.prefix, sys.flags.optimize)
        environment = project.config.identity.environment
        return cls(str(project.root), environment, python, tuple(sys.path), (own.st_mtime_ns, own.st_size))


class Snapshot(NamedTuple):
    """One pipeline file as it was when it was loaded."""

    footing: Footing
    name: PipelineName
    root: Path
    state_dir: StateDir
    stages: tuple[StageDefinition, ...]
    """With those of included pipelines."""
    loading: Witness
    """What the definitions read while they were executed, apart from code."""
    code: Witness
    """What the identities of code were computed from."""
    known: Mapping[str, str]
    """Code that was asked for beyond the stages' own: `module:qualname` -> what it is."""
    pair: str
    """Ties the two files together."""


class Refusal(NamedTuple):
    """Why a pipeline file has no snapshot."""

    reasons: tuple[str, ...]


def place_of(file: Path, project: Project) -> Path:
    """Say where the snapshot of a pipeline file is kept; its other half has `.code` in the name."""
    name = blake3(os.fsencode(project.relative(file))).hexdigest(8)
    return project.local / f"{name}.json"


def code_place_of(file: Path, project: Project) -> Path:
    """Say where the second half is kept."""
    return place_of(file, project).with_suffix(".code.json")


def save(snapshot: Snapshot, place: Path) -> bool:
    """Keep a snapshot."""
    parts = [str(snapshot.name), str(snapshot.root), str(snapshot.state_dir), table_data(snapshot.stages)]
    witnesses = [snapshot.loading.to_data(), snapshot.code.to_data()]
    return write_json(place, [list(snapshot.footing), *parts, *witnesses, snapshot.known, snapshot.pair])


def save_refusal(refusal: Refusal, place: Path) -> bool:
    """Keep the reasons why there is no snapshot, in its place."""
    return write_json(place, {"refused": list(refusal.reasons)})


def read(place: Path, footing: Footing) -> Snapshot | Refusal | None:
    """Read what is kept there; None if that is nothing that this command can use."""
    try:
        with without_collection():
            data = read_json(place)
            if isinstance(data, dict):
                return Refusal(tuple(map(str, data["refused"])))
            return _snapshot(data, footing) if _footing(data[0]) == footing else None
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        return None


def _footing(data: Any) -> Footing:
    root, environment, python, path, pivot = data
    return Footing(root, environment, tuple(python), tuple(path), tuple(pivot))


def _snapshot(data: Any, footing: Footing) -> Snapshot:
    _, name, root, state_dir, stages, loading, code, known, pair = data
    return Snapshot(
        footing,
        PipelineName(name),
        Path(root),
        StateDir(Path(state_dir)),
        tuple(definitions_from(stages)),
        Witness.from_data(loading),
        Witness.from_data(code),
        dict(known),
        str(pair),
    )
