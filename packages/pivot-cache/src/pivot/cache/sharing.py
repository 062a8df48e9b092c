"""How a store is shared, read off its folders: so no file can be made in it that others cannot open.

Not a setting that is handed to whoever makes a file: one place that forgets it is one file that stops all others, and
a process that was told nothing (an older configuration, another tool) would make nothing else.
"""

import contextlib
import os
import stat

_FOLDER = 0o2775
_FILE = 0o664
_GROUPS = stat.S_ISGID | stat.S_IWGRP


def is_shared(folder: str) -> bool:
    """Say whether the group of a folder may write to it, and owns what is made in it."""
    return os.stat(folder).st_mode & _GROUPS == _GROUPS


def share_like(place: str | int, folder: str) -> None:
    """Let the group use what was just made in a folder, if the folder is the group's; whatever the umask says."""
    if is_shared(folder):
        share(place)


def share(place: str | int) -> None:
    """Let the group use a file or folder; what another user made is as that one left it."""
    status = os.stat(place)
    wanted = _FOLDER if stat.S_ISDIR(status.st_mode) else _FILE
    if stat.S_IMODE(status.st_mode) != wanted:
        with contextlib.suppress(PermissionError):
            os.chmod(place, wanted)


def make_folder(path: str) -> None:
    """Make a folder and those above it, each for those who use the one that it is in."""
    if not os.path.isdir(path):
        make_folder(os.path.dirname(path))
        make_last_folder(path)


def make_last_folder(path: str) -> None:
    """Make a folder, if there is none and there is what it is in.

    A group's folder appears when the group may use it: one that a killed process had made and not yet shared would
    stop everybody but its owner, for good.
    """
    above = os.path.dirname(path)
    if not is_shared(above):
        with contextlib.suppress(FileExistsError):
            os.mkdir(path)
        return
    beside = f"{above}/.{os.urandom(8).hex()}"
    os.mkdir(beside)
    share(beside)
    try:
        os.rename(beside, path)
    except OSError:
        os.rmdir(beside)  # another process was faster


def open_made(path: str, flags: int) -> int:
    """Open a file, made if it is not there; a group's appears when the group may use it, as its folders do."""
    with contextlib.suppress(FileNotFoundError):
        return os.open(path, flags)
    folder = os.path.dirname(path)
    if is_shared(folder):
        with contextlib.suppress(OSError, AttributeError):  # where files cannot be made without a name
            _make_file(path, folder)
    descriptor = os.open(path, flags | os.O_CREAT, 0o666)
    share_like(descriptor, folder)
    return descriptor


def _make_file(path: str, folder: str) -> None:
    descriptor = os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o666)
    try:
        share(descriptor)
        give_name(descriptor, path)
    finally:
        os.close(descriptor)


def give_name(descriptor: int, path: str) -> None:
    """Let a file that has no name appear; raise `FileExistsError` rather than replace."""
    # Without src_dir_fd CPython calls link(2), which does not follow the magic link (EXDEV).
    os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=descriptor, follow_symlinks=True)


def share_all(root: str) -> None:
    """Let the group use a store that was one user's; raise `PermissionError` if that is somebody else's."""
    os.chmod(root, _FOLDER)
    for folder, folders, files in os.walk(root):
        for name in folders:
            share(f"{folder}/{name}")
        # Objects stay as they are: everybody reads them, nobody writes.
        for name in files:
            if os.lstat(f"{folder}/{name}").st_mode & stat.S_IWUSR:
                share(f"{folder}/{name}")
