"""Load the user's modules from what their files say now."""

import os
import time
from collections.abc import Iterator
from importlib.machinery import BYTECODE_SUFFIXES, SourceFileLoader
from opcode import opmap
from types import CodeType
from typing import Any

from pivot.fingerprint.recorder import recorder
from pivot.registry.marks import TICK_NS

_IMPORT_NAME = opmap["IMPORT_NAME"]
_EXTENDED_ARG = opmap["EXTENDED_ARG"]


class FreshLoader(SourceFileLoader):
    """Load a source file; take compiled code only if it was certainly made after the last edit.

    Python compares the source's size and whole seconds of its mtime: edit, run, edit, run within a second gives old
    code. The ctime of the source cannot be set back, so compiled code that is younger than that is of this source.
    """

    def __init__(self, fullname: str, path: str) -> None:
        super().__init__(fullname, path)
        self._started = time.time_ns()

    def get_code(self, fullname: str) -> CodeType | None:
        """Give the code; that pivot looks at files for it is no read of the user's."""
        self._started = time.time_ns()
        with recorder().unrecorded():
            return super().get_code(fullname)

    def get_data(self, path: str) -> bytes:
        """Read a file; compiled code that may be stale counts as missing."""
        if path.endswith(tuple(BYTECODE_SUFFIXES)) and os.stat(path).st_mtime_ns <= os.stat(self.path).st_ctime_ns:
            raise FileNotFoundError(path)
        return super().get_data(path)

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        """Write compiled code, dated before its source was read: an edit during compilation makes it stale."""
        super().set_data(path, data, _mode=_mode)
        before = self._started - TICK_NS
        try:
            os.utime(path, ns=(before, before))
        except OSError:
            return


def imported_names(code: CodeType) -> set[str]:
    """List the top-level names that code imports, functions in it included."""
    names: set[str] = set()
    pending = [code]
    while pending:
        current = pending.pop()
        names.update(current.co_names[index].partition(".")[0] for index in _imports(current.co_code))
        pending += [constant for constant in current.co_consts if isinstance(constant, CodeType)]
    return names


def _imports(code: bytes) -> Iterator[int]:
    """Find the arguments of IMPORT_NAME. `dis` would do, at a hundred times the price."""
    at = code.find(_IMPORT_NAME)
    while at >= 0:
        if at % 2 == 0:
            yield _argument(code, at)
        at = code.find(_IMPORT_NAME, at + 1)


def _argument(code: bytes, at: int) -> int:
    value, shift = code[at + 1], 8
    while at >= 2 and code[at - 2] == _EXTENDED_ARG:
        at -= 2
        value |= code[at + 1] << shift
        shift += 8
    return value
