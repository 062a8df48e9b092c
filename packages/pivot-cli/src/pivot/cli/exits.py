"""Exit codes: what each means, and which kind of error gives which. The only table of its kind."""

import enum
import errno

from pivot.registry.endings import Terminated
from pivot.registry.errors import DataMissingError, LockTimeoutError, PivotError


class ExitCode(enum.IntEnum):
    """How a command ended, for the shell."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    STALE = 3
    MISSING = 4
    LOCKED = 5
    INTERNAL = 70
    HUNG_UP = 129
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    TERMINATED = 143


MEANINGS = {
    ExitCode.DONE: "done, or nothing to do",
    ExitCode.FAILED: "a stage failed",
    ExitCode.USAGE: "usage, configuration or definition is wrong, or the system refuses (permissions, disk full)",
    ExitCode.STALE: "stale; only with --check",
    ExitCode.MISSING: "data is missing, or damaged in the cache",
    ExitCode.LOCKED: "another process held a lock for longer than run.lock_timeout",
    ExitCode.INTERNAL: "internal error: a bug in pivot, please report it",
    ExitCode.HUNG_UP: "the terminal was closed (SIGHUP)",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C)",
    ExitCode.BROKEN_PIPE: "the reader of the output went away",
    ExitCode.TERMINATED: "terminated (SIGTERM)",
}

_REFUSALS = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EMFILE,
        errno.ENFILE,
        errno.EIO,
        errno.ENAMETOOLONG,
        errno.ELOOP,
        errno.ESTALE,
    }
)
"""What the system may answer without anybody having made a mistake in pivot."""


def exit_code_of(error: BaseException) -> int:
    """Give the exit code for an error that ends a command."""
    # Imported here: only a command that fails has to know the errors of the store.
    from pivot.cache.errors import BusyError, CacheError, MissingError

    if isinstance(error, Terminated):
        return error.code

    kinds: tuple[tuple[type[BaseException], ExitCode], ...] = (
        (DataMissingError, ExitCode.MISSING),
        (LockTimeoutError, ExitCode.LOCKED),
        (PivotError, ExitCode.USAGE),
        (MissingError, ExitCode.MISSING),
        (BusyError, ExitCode.LOCKED),
        (CacheError, ExitCode.USAGE),
        (MemoryError, ExitCode.USAGE),
        (KeyboardInterrupt, ExitCode.INTERRUPTED),
        (BrokenPipeError, ExitCode.BROKEN_PIPE),
    )
    for kind, code in kinds:
        if isinstance(error, kind):
            return code
    refused = isinstance(error, OSError) and error.errno in _REFUSALS
    return ExitCode.USAGE if refused else ExitCode.INTERNAL
