import errno

import pytest

from pivot.cache.errors import BusyError, CacheError, FullError, MissingError
from pivot.cli.exits import MEANINGS, ExitCode, exit_code_of
from pivot.registry.endings import Terminated
from pivot.registry.errors import DataMissingError, DefinitionError, LockTimeoutError, PivotError, StateError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DefinitionError("x"), 2),
        (StateError("x"), 2),
        (PivotError("x"), 2),
        (DataMissingError("x"), 4),
        (LockTimeoutError("x"), 5),
        (CacheError("x"), 2),
        (FullError("x"), 2),
        (MissingError("b3:00", "x"), 4),  # type: ignore[arg-type]
        (BusyError("x"), 5),
        (PermissionError(errno.EACCES, "x"), 2),
        (OSError(errno.ENOSPC, "x"), 2),
        (FileNotFoundError(errno.ENOENT, "x"), 70),
        (KeyError("x"), 70),
        (KeyboardInterrupt(), 130),
        (BrokenPipeError(errno.EPIPE, "x"), 141),
        (Terminated(15), 143),
        (Terminated(1), 129),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error: BaseException, code: int) -> None:
    assert exit_code_of(error) == code


def test_every_exit_code_is_explained() -> None:
    assert set(MEANINGS) == set(ExitCode)
