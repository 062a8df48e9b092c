"""Rules for the settings file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pivot.discovery.config import (
    Amount,
    CacheConfig,
    Config,
    DiscoveryConfig,
    IdentityConfig,
    RunConfig,
    Time,
    Tries,
    config_of,
)
from pivot.discovery.store import read_json, write_json
from pivot.registry.errors import DefinitionError

EVERYTHING = """
cache:
  dir: ../store
  link: [hardlink, copy]
  durability: off
run: {jobs: 3, lock_timeout: 1.5, keep_runs: 7, resources: {gpu: 2, memory: 20G}, retries: 0, timeout: 10m}
identity:
  environment: content
  observe: on
discovery:
  exclude: [old, "data/*"]
"""


def read(root: Path, text: str) -> Config:
    (root / ".pivot" / "config.yaml").write_text(text)
    return config_of(root, root / ".pivot" / "local")


def test_a_project_without_settings_has_the_defaults(tmp_path: Path) -> None:
    assert config_of(tmp_path, tmp_path / "local") == Config()


@pytest.mark.parametrize("text", ["", "# nothing\n", "run:\n", "run: {}\n", "cache: {dir: }\n", "~"])
def test_empty_settings_are_the_defaults(root: Path, text: str) -> None:
    assert read(root, text) == Config()


def test_every_key_can_be_set(root: Path) -> None:
    assert read(root, EVERYTHING) == Config(
        CacheConfig("../store", ("hardlink", "copy"), "off"),
        RunConfig(3, 1.5, 7, {"gpu": Amount(2), "memory": Amount(20 * 1024**3)}, retries=Tries(0), timeout=Time(600)),
        IdentityConfig("content", "on"),
        DiscoveryConfig(("old", "data/*")),
    )


def test_one_value_may_stand_for_a_list_of_one(root: Path) -> None:
    assert read(root, "cache: {link: copy}").cache.link == ("copy",)


@pytest.mark.parametrize(
    ("text", "where", "what", "hint"),
    [
        ("run:\n  jbs: 3\n", "2:3", "unknown key run.jbs", "jobs"),
        ("rnu: {}\n", "1:1", "unknown key rnu", "Did you mean run"),
        ("xyz: {}\n", "1:1", "unknown key xyz", "cache, discovery, identity, run"),
        ("run: {jobs: 0}", "1:7", "run.jobs: expected a whole number", None),
        ("run: {jobs: two}", "1:7", "run.jobs: expected a whole number", None),
        ("run: {jobs: [2]}", "1:7", "run.jobs: expected a whole number", None),
        ("run: {lock_timeout: nan}", "1:7", "run.lock_timeout: expected a number of seconds", None),
        ("run: {lock_timeout: soon}", "1:7", "run.lock_timeout: expected a number of seconds", None),
        ("run: {lock_timeout: -1}", "1:7", "run.lock_timeout: expected a number of seconds", None),
        ("run: {resources: 2}", "1:7", "run.resources: expected a mapping of names, not 2", None),
        ("run:\n  resources:\n    gpu: -1", "3:5", "run.resources.gpu: expected a number, or a size", None),
        ("run: {retries: -1}", "1:7", "run.retries: expected a whole number from 0", None),
        ("run: {timeout: soon}", "1:7", "run.timeout: expected a number of seconds, or a time", None),
        ("cache: {dir: ''}", "1:9", "cache.dir: expected text", None),
        (
            "cache:\n  link: [copy, clone]",
            "2:16",
            "expected one of reflink, copy, hardlink, symlink, not 'clone'",
            None,
        ),
        ("identity: {observe: maybe}", "1:12", "identity.observe: expected one of off, on, strict", None),
        ("run: 3", "1:1", "expected a mapping", None),
        ("- run", "1:1", "expected a mapping", None),
        ("run: {}\nrun: {}", "2:1", "a second time", None),
        ("run: {jobs: 1\n", "2:1", "not YAML", None),
        ("a: !!python/object/apply:os.getcwd []", "1:4", "tag", None),
    ],
)
def test_a_mistake_is_told_with_its_place(root: Path, text: str, where: str, what: str, hint: str | None) -> None:
    with pytest.raises(DefinitionError) as caught:
        read(root, text)
    assert caught.value.where == f"{root / '.pivot' / 'config.yaml'}:{where}"
    assert what in caught.value.what
    assert hint is None or hint in str(caught.value.hint)


@pytest.mark.parametrize("content", [b"\xff\xfe\xff", b"run: \x00", b"[" * 20_000, b"#" * 2_000_000])
def test_what_cannot_be_read_is_a_mistake_too(root: Path, content: bytes) -> None:
    (root / ".pivot" / "config.yaml").write_bytes(content)
    with pytest.raises(DefinitionError):
        config_of(root, root / ".pivot" / "local")


def jobs_in_a_new_process(root: Path) -> str:
    """Read the settings, and tell whether a parser was imported for that."""
    code = (
        "import pathlib, sys; from pivot.discovery.config import config_of; root = pathlib.Path(sys.argv[1]);"
        "print(config_of(root, root / '.pivot' / 'local').run.jobs, 'yaml' in sys.modules)"
    )
    return subprocess.run([sys.executable, "-c", code, root], capture_output=True, text=True, check=True).stdout


def test_settings_are_remembered_without_their_parser(root: Path) -> None:
    config = root / ".pivot" / "config.yaml"
    config.write_text(EVERYTHING)
    os.utime(config, ns=(1_000, 1_000))
    assert [jobs_in_a_new_process(root), jobs_in_a_new_process(root)] == ["3 True\n", "3 False\n"]


def test_settings_of_comments_alone_need_no_parser(root: Path) -> None:
    (root / ".pivot" / "config.yaml").write_text("# run:\n  # jobs: 3\n\n")
    assert jobs_in_a_new_process(root) == "None False\n"


def test_an_edit_is_seen_at_once(root: Path) -> None:
    assert [read(root, f"run: {{jobs: {jobs}}}").run.jobs for jobs in (1, 2, 3)] == [1, 2, 3]


@pytest.mark.parametrize("data", [None, {}, {"seen": 3}, {"seen": [1, 1, 1, 1, "", True], "config": {}}])
def test_a_damaged_memory_is_no_memory(root: Path, data: object) -> None:
    read(root, "run: {jobs: 3}")
    write_json(root / ".pivot" / "local" / "config.json", data)
    assert config_of(root, root / ".pivot" / "local").run.jobs == 3


def test_a_memory_of_another_shape_is_no_memory(root: Path) -> None:
    read(root, "run: {jobs: 3}")
    path = root / ".pivot" / "local" / "config.json"
    data = read_json(path)
    data["config"]["run"]["added_later"] = 1
    write_json(path, data)
    assert config_of(root, root / ".pivot" / "local").run.jobs == 3
