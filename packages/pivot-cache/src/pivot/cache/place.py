"""What depends on the file system that a store lies on."""

import contextlib
import os

from pivot.cache.layout import Layout

_NETWORK = frozenset(b"nfs nfs4 cifs smb3 smbfs 9p lustre ceph glusterfs beegfs gpfs afs".split())


def index_folder(layout: Layout, identity: str, chosen: str | None, mounts: bytes) -> str:
    """Say where the index lies: in the store, unless LMDB's shared memory would not work there."""
    if chosen is not None:
        return os.path.join(os.path.abspath(chosen), identity)
    if is_network(layout.root, mounts):
        home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        return os.path.join(home, "pivot", "index", identity)
    return layout.below("index.lmdb")


def read_mounts(source: str = "/proc/self/mounts") -> bytes:
    """Give the text that names all mounts; empty where there is none."""
    with contextlib.suppress(OSError), open(source, "rb") as file:
        return file.read()
    return b""


def is_network(path: str, mounts: bytes) -> bool:
    """Say whether a path is on a file system of another machine, given the text of `/proc/self/mounts`."""
    real = os.fsencode(os.path.realpath(path))
    nearest, answer = b"", False
    for line in mounts.splitlines():
        fields = line.split(b" ")
        if len(fields) < 3 or len(fields[1]) < len(nearest):
            continue
        point = fields[1].replace(b"\\040", b" ")
        if real == point or real.startswith(point.rstrip(b"/") + b"/"):
            nearest, answer = fields[1], _is_network_type(fields[2])
    return answer


def _is_network_type(kind: bytes) -> bool:
    return kind in _NETWORK or kind.startswith(b"fuse.")


def sync_file_system(path: str) -> None:
    """Force one file system to the disk, or all of them where that cannot be asked for."""
    import ctypes

    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
            os.sync()
    except (OSError, AttributeError):
        os.sync()
    finally:
        os.close(descriptor)
