"""What a run is told, decided at the edge and handed down whole."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pivot.cache import Cache, CacheRoot, Link

Observe = Literal["off", "on", "strict"]


class EngineSettings(NamedTuple):
    """The project's settings, as far as running needs them. Picklable: workers get them too."""

    project_root: Path
    cache_root: CacheRoot
    link: tuple[Link, ...] = (Link.REFLINK, Link.COPY)
    """Ways of putting stored bytes into the work tree, best first."""
    durability: Literal["batch", "strict", "off"] = "batch"
    shared: Literal["user", "group"] = "user"
    """`group`: everybody in the group of the cache's folder may write to it."""
    jobs: int | None = None
    """Stages that may run at once; None: as many as this process may use cores."""
    lock_timeout: float | None = None
    """Seconds to wait for a stage that another process runs; None: for ever."""
    observe: Observe = "on"
    keep_runs: int = 100
    """Runs of which journal and logs are kept, in each pipeline."""
    resources: Mapping[str, float] = {}
    """How much there is for all stages that run at once; of `memory`, in bytes, by default what the machine has."""
    retries: int = 0
    """So many times more a stage that failed is tried, if it does not say it itself."""
    timeout: float | None = None
    """Seconds that a stage may take, if it does not say it itself; 0 or None: any number."""

    def open_cache(self) -> Cache:
        """Open the shared store of the project."""
        # A store that a group shares already stays so: a setting that is not there takes nothing back.
        shared = None if self.shared == "user" else self.shared
        return Cache(self.cache_root, link=self.link, durability=self.durability, shared=shared)


class RunOptions(NamedTuple):
    """What one run is asked to do."""

    targets: tuple[Any, ...] = ()
    """Stages to bring up to date, as `StageRef`s; empty: all."""
    only: bool = False
    """Leave what the targets need alone."""
    force: bool = False
    """Run the targets whatever the traces say."""
    keep_going: bool = False
    """After a failure, go on with what does not depend on it."""
    jobs: int | None = None
    retries: int | None = None
    """Instead of what the settings say."""
    timeout: float | None = None
    """Instead of what the settings say."""
    resources: Mapping[str, float] = {}
    """Totals that count instead of those in the settings, by name."""
    no_cache: bool = False
    """Do not take results from the run cache."""
    no_commit: bool = False
    """Run, but store nothing and leave the lock files alone."""
    command: str = ""
    """How it was asked for on the command line, for the journal."""


def usable_cores() -> int:
    """Count the cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
