import pytest

from pivot.cache.layout import Layout
from pivot.cache.place import index_folder, is_network, read_mounts, sync_file_system

_MOUNTS = b"""\
/dev/vda / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/vdb /home/me/fast xfs rw 0 0
//win/share /mnt/with\\040space cifs rw 0 0
user@host: /mnt/ssh fuse.sshfs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "network"),
    [
        ("/srv/store", False),
        ("/home/me/store", True),
        ("/home", True),
        ("/homestead", False),
        ("/home/me/fast/store", False),
        ("/mnt/with space/store", True),
        ("/mnt/ssh/x", True),
    ],
)
def test_the_innermost_mount_decides(path, network):
    assert is_network(path, _MOUNTS) is network


def test_nothing_known_means_local():
    assert not is_network("/home/me", b"")


def test_an_index_goes_where_it_is_told_one_folder_per_store(root, tmp_path):
    assert index_folder(Layout(str(root)), "id", None, _MOUNTS) == f"{root}/index.lmdb"
    assert index_folder(Layout(str(root)), "id", str(tmp_path / "local"), _MOUNTS) == f"{tmp_path}/local/id"


def test_an_index_leaves_a_network_file_system_for_a_local_one():
    away = index_folder(Layout("/home/me/store"), "id", None, _MOUNTS)
    assert away.endswith("/pivot/index/id")
    assert not away.startswith("/home/me/store")


def test_mounts_that_cannot_be_read_are_none(tmp_path):
    assert read_mounts(str(tmp_path / "none")) == b""
    assert b"/" in read_mounts()


def test_a_file_system_can_be_synced(tmp_path):
    sync_file_system(str(tmp_path))
