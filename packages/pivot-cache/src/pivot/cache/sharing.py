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
        above = os.path.dirname(path)
        make_folder(above)
        with contextlib.suppress(FileExistsError):
            os.mkdir(path)
            share_like(path, above)


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
