"""What a stage prints is in its own log, however it is printed, and in no other."""

import ctypes
import io
import logging
import os
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pivot.executor.capture import Logs

_BUFFER = ctypes.create_string_buffer(4096)
"""Of C's stdout from then on."""


@pytest.fixture
def logs() -> Iterator[Logs]:
    logs = Logs()
    yield logs
    logs.close()


def printed(logs: Logs, log: Path, act: Callable[[], object]) -> str:
    with logs.captured(str(log)):
        act()
    return log.read_text()


def test_a_handler_that_one_stage_has_set_up_writes_to_the_log_of_the_stage_that_runs(
    logs: Logs, tmp_path: Path
) -> None:
    logger = logging.Logger("of a helper")

    def first() -> None:
        logger.addHandler(logging.StreamHandler())
        logger.warning("first")

    assert printed(logs, tmp_path / "first.log", first) == "first\n"
    assert printed(logs, tmp_path / "second.log", lambda: logger.warning("second")) == "second\n"
    assert (tmp_path / "first.log").read_text() == "first\n"


def test_what_c_code_prints_is_in_the_log_of_its_stage(logs: Logs, tmp_path: Path) -> None:
    library = ctypes.CDLL(None)
    fully = 0  # as in any program that writes to a file
    library.setvbuf(ctypes.c_void_p.in_dll(library, "stdout"), _BUFFER, fully, len(_BUFFER))

    assert printed(logs, tmp_path / "first.log", lambda: library.printf(b"no newline")) == "no newline"

    def dies() -> None:
        library.printf(b"the last line\n")
        assert (tmp_path / "second.log").read_text() == "the last line\n"

    printed(logs, tmp_path / "second.log", dies)


def test_where_c_cannot_be_asked_the_rest_is_printed_all_the_same(
    logs: Logs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "_ctypes", None)
    assert printed(logs, tmp_path / "a.log", lambda: print("here")) == "here\n"


def _stdout() -> io.TextIOWrapper:
    assert isinstance(sys.stdout, io.TextIOWrapper)
    return sys.stdout


def test_who_wraps_stdout_in_each_stage_closes_it_for_nobody(logs: Logs, tmp_path: Path) -> None:
    wrappers: list[object] = []

    def wraps() -> None:
        sys.stdout = io.TextIOWrapper(_stdout().buffer, encoding="utf-8")
        wrappers[:] = [sys.stdout]  # that of the stage before is collected
        print("wrapped")

    for name in ("first.log", "second.log", "third.log"):
        assert printed(logs, tmp_path / name, wraps) == "wrapped\n"


def test_what_could_not_be_written_is_in_no_other_log(logs: Logs, tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fills() -> None:
        sys.stdout.write("no newline")
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))

    try:
        with pytest.raises(OSError, match="File too large"):
            printed(logs, tmp_path / "first.log", fills)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert printed(logs, tmp_path / "second.log", lambda: print("second")) == "second\n"


def _detached() -> None:
    _stdout().detach()


def _wrapped() -> None:
    sys.stdout = io.TextIOWrapper(_stdout().buffer, encoding="utf-8")
    print("wrapped")


def _reconfigured() -> None:
    _stdout().reconfigure(encoding="ascii", errors="strict")


def _closed_below() -> None:
    os.close(sys.stdout.fileno())


@pytest.mark.parametrize("odd", [lambda: sys.stdout.close(), _detached, _wrapped, _reconfigured, _closed_below])
def test_whatever_a_stage_does_to_stdout_the_next_one_has_its_own(
    odd: Callable[[], None], logs: Logs, tmp_path: Path
) -> None:
    printed(logs, tmp_path / "first.log", odd)
    assert printed(logs, tmp_path / "second.log", lambda: print("ünï")) == "ünï\n"
