"""How much memory there is, from a made-up machine."""

from pathlib import Path

from pivot.executor.machine import usable_memory


def machine(root: Path, groups: str, **limits: str) -> Path:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    for path, limit in limits.items():
        file = root / "sys/fs/cgroup" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(limit)
    return root


def test_without_groups_it_is_what_the_machine_has(tmp_path: Path) -> None:
    assert 0 < usable_memory(tmp_path) < float("inf")


def test_the_narrowest_group_around_counts(tmp_path: Path) -> None:
    root = machine(
        tmp_path, "0::/a/b\n", **{"a/memory.max": "4096\n", "a/b/memory.max": "max\n", "memory.max": "8192\n"}
    )
    assert usable_memory(root) == 4096


def test_older_groups_are_understood_too(tmp_path: Path) -> None:
    groups = "5:cpu,cpuacct:/x\n4:memory:/x\n0::/x\n"
    assert usable_memory(machine(tmp_path, groups, **{"memory/x/memory.limit_in_bytes": "2048\n"})) == 2048


def test_a_group_that_cannot_be_read_limits_nothing(tmp_path: Path) -> None:
    root = machine(tmp_path, "0::/a\n", **{"a/memory.max": "nonsense"})
    assert usable_memory(root) == usable_memory(tmp_path / "none")
