"""The settings of a project: `.pivot/config.yaml`."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pivot.discovery.store import read_json, write_json
from pivot.registry.amounts import Amount, Time, Tries
from pivot.registry.layout import CONFIG_NAME, PIVOT_DIR
from pivot.registry.marks import Seen, see, still

Link = Literal["reflink", "copy", "hardlink", "symlink"]
Durability = Literal["batch", "strict", "off"]
Shared = Literal["user", "group"]
Environment = Literal["versions", "off", "content"]
Observe = Literal["off", "on", "strict"]


class CacheConfig(NamedTuple):
    """Where and how results are kept."""

    dir: str | None = None
    """Relative to the project root; None: `.pivot/cache`."""
    link: tuple[Link, ...] = ("reflink", "copy")
    """Ways of putting stored bytes into the work tree, best first."""
    durability: Durability = "batch"
    shared: Shared = "user"
    """`group`: everybody in the group of the cache's folder may write to it."""


class RunConfig(NamedTuple):
    """How stages are run."""

    jobs: int | None = None
    """Stages that may run at once; None: as many as there are usable cores."""
    lock_timeout: float | None = None
    """Seconds to wait for a stage that another process runs; None: for ever."""
    keep_runs: int = 100
    """Runs of which journal and logs are kept, in each pipeline."""
    resources: Mapping[str, Amount] = {}
    """How much there is for all stages that run at once; of `memory`, in bytes, by default what the machine has."""
    retries: Tries | None = None
    """So many times more a stage that failed is tried, if it does not say it itself."""
    timeout: Time | None = None
    """Seconds that a stage may take, if it does not say it itself; 0 or None: any number."""


class IdentityConfig(NamedTuple):
    """What counts as a change of code."""

    environment: Environment = "versions"
    observe: Observe = "on"


class DiscoveryConfig(NamedTuple):
    """Where pipelines are looked for."""

    exclude: tuple[str, ...] = ()
    """Patterns of directories to leave out: a name anywhere, or with a slash a path from the project root."""


class Config(NamedTuple):
    """All settings of a project. Plain types only: it is remembered as JSON."""

    cache: CacheConfig = CacheConfig()
    run: RunConfig = RunConfig()
    identity: IdentityConfig = IdentityConfig()
    discovery: DiscoveryConfig = DiscoveryConfig()


_REMEMBERED = "config.json"
_LONGEST_SILENCE = 65_536


def config_of(root: Path, local: Path) -> Config:
    """Read the settings of the project at `root`. Raises DefinitionError, with file and line, when they are wrong."""
    path = root / PIVOT_DIR / CONFIG_NAME
    if not path.is_file() or _says_nothing(path):
        return Config()
    return _remembered(path, local / _REMEMBERED) or _parsed(path, local)


def _says_nothing(path: Path) -> bool:
    """Tell whether a file is as `pivot init` leaves it, all comments: that is seen without a parser."""
    try:
        with path.open("rb") as file:
            head = file.read(_LONGEST_SILENCE + 1)
    except OSError:
        return False  # the parser says what is wrong with it
    lines = map(bytes.strip, head.splitlines())
    return len(head) <= _LONGEST_SILENCE and all(not line or line.startswith(b"#") for line in lines)


def _remembered(path: Path, store: Path) -> Config | None:
    """Take what an earlier command parsed: importing a YAML parser costs more than the rest of start-up."""
    try:
        data = read_json(store)
        seen = Seen(*data["seen"])
        return _from_data(data["config"]) if still(str(path), seen, 0) is not None else None
    except (KeyError, TypeError, ValueError):
        return None


def _parsed(path: Path, local: Path) -> Config:
    from pivot.discovery.settings import parse_settings  # imports yaml

    seen = see(str(path), time.time_ns())  # before parsing: an edit in between must show at the next look
    config = parse_settings(path, Config)
    if seen is not None:
        write_json(local / _REMEMBERED, {"seen": seen, "config": _to_data(config)})
    return config


def _to_data(config: Config) -> dict[str, Any]:
    return {name: section._asdict() for name, section in config._asdict().items()}


def _from_data(data: dict[str, Any]) -> Config:
    cache = CacheConfig(**{**data["cache"], "link": tuple(data["cache"]["link"])})
    discovery = DiscoveryConfig(exclude=tuple(data["discovery"]["exclude"]))
    return Config(cache, RunConfig(**data["run"]), IdentityConfig(**data["identity"]), discovery)
