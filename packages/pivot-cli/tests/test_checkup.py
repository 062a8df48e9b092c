from pathlib import Path

import pytest

from pivot.cli.checkup import Level, file_system_of, file_systems, project, versions
from pivot.cli.opening import Scene
from pivot.cli.scope import Scope
from pivot.discovery.config import Config
from pivot.discovery.project import Project

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/me/local\\040disk xfs rw 0 0
sshfs /mnt/far fuse.sshfs rw 0 0
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/tmp/x", "ext4"),
        ("/home/me/project", "nfs4"),
        ("/home/me/local disk/x", "xfs"),
        ("/homestead", "ext4"),
        ("/mnt/far", "fuse.sshfs"),
    ],
)
def test_a_path_is_on_the_file_system_mounted_nearest_above(place: str, kind: str) -> None:
    assert file_system_of(Path(place), MOUNTS) == kind


def test_without_a_table_nothing_is_known() -> None:
    assert file_system_of(Path("/x"), "") == ""


def scene(root: Path, cache: Path) -> Scene:
    return Scene(Project(root, Config(), cache, {}), root, Scope(root, exact=False), {}, {})


def test_a_project_or_cache_on_a_network_file_system_is_noted() -> None:
    found = list(file_systems(scene(Path("/home/me/p"), Path("/mnt/far/cache")), MOUNTS))
    assert [(finding.about, finding.level) for finding in found] == [
        ("project disk", Level.NOTE),
        ("cache disk", Level.NOTE),
    ]
    assert not list(file_systems(scene(Path("/p"), Path("/c")), MOUNTS))


def test_the_packages_of_one_version_are_fine() -> None:
    assert [finding.level for finding in versions()] == [Level.OK, Level.OK]


def levels(root: Path, cache: Path) -> dict[str, Level]:
    return {finding.about: finding.level for finding in project(scene(root, cache))}


def test_a_project_without_configuration_is_noted(tmp_path: Path) -> None:
    assert levels(tmp_path, tmp_path / "cache")["configuration"] is Level.NOTE
    (tmp_path / ".pivot").mkdir()
    (tmp_path / ".pivot" / "config.yaml").touch()
    assert levels(tmp_path, tmp_path / "cache")["configuration"] is Level.OK


def test_a_cache_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert levels(tmp_path, tmp_path / "file" / "cache")["cache"] is Level.PROBLEM
    assert levels(tmp_path, tmp_path / "new" / "cache")["cache"] is Level.OK
