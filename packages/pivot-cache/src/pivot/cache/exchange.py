"""The place that something is restored to: checked, and changed in one step."""

import contextlib
import os
from collections.abc import Callable, Iterable

from pivot.cache.errors import UnsafeTargetError
from pivot.cache.leases import remove, temporary_beside


def link_text(source: str, path: str, root: str) -> str:
    """Say what a link at `path` contains: relative within one project, so that the project can move."""
    project = os.path.dirname(os.path.dirname(root))
    folder = os.path.realpath(os.path.dirname(path))
    if project != "/" and os.path.commonpath([project, folder]) == project:
        return os.path.relpath(source, folder)
    return source


def checked_target(target: str, within: str | None) -> str:
    """Make the folder that a target goes to; raise `UnsafeTargetError` if it lies outside of `within`."""
    folder, name = os.path.split(os.path.abspath(target))
    if not name:
        raise UnsafeTargetError(f"{target!r} is no place to restore to\nname a file or directory")
    if within is not None:
        top, real = os.path.realpath(within), os.path.realpath(folder)
        if real != top and not real.startswith(top.rstrip("/") + "/"):
            raise UnsafeTargetError(f"{target} lies outside of {within}\na link on the way leads there; remove it")
    os.makedirs(folder, exist_ok=True)
    return os.path.join(folder, name)


def check_apart(targets: Iterable[str]) -> None:
    """Raise `UnsafeTargetError` if two targets are the same, or one lies in another."""
    before = None
    for parts in sorted(os.path.abspath(target).split("/") for target in targets):
        if before is not None and parts[: len(before)] == before:
            raise UnsafeTargetError(f"{'/'.join(parts)} is to be restored twice\nname each place once")
        before = parts


def exchange(made: str, target: str, aside: str | None) -> None:
    """Put what was made at its target; what was there goes to `aside`, or is deleted last."""
    if aside is not None and os.path.lexists(target):
        os.rename(target, aside)
    if (not _is_folder(made) and not _is_folder(target)) or not os.path.lexists(target):
        os.rename(made, target)
    else:
        _swap(made, target)


def _rename_exchange(first: str, second: str) -> bool:
    import ctypes

    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    here, swap = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return bool(rename(here, os.fsencode(first), here, os.fsencode(second), swap) == 0)


def _swap(made: str, target: str, in_one_step: Callable[[str, str], bool] = _rename_exchange) -> None:
    if in_one_step(made, target):
        return  # the old content now has the temporary name, and the caller discards that
    old = temporary_beside(target)
    os.rename(target, old)
    os.rename(made, target)
    remove(old)


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def discard(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        remove(path)
