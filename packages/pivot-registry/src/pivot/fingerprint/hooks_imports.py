"""See which modules the user's code asks for by computed names, found or not."""

import builtins
import dis
import importlib
import importlib.util
import os
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from typing import Any

from pivot.fingerprint.callers import IMPORT_SYSTEM
from pivot.fingerprint.recording import Recordings

_IMPORT_STATEMENT = dis.opmap["IMPORT_NAME"]
_bootstrap: Any = sys.modules["_frozen_importlib"]
_LIBRARIES = (
    *IMPORT_SYSTEM,
    "<frozen importlib.util>",
    "<frozen importlib>",
    importlib.__file__,
    importlib.util.__file__,
)


class ImportHooks:
    """The functions behind `import_module` and `__import__`, and a last finder, asked only for what nobody else finds.

    Import statements pass: the text shows what they name. Who else imports does so by a name that the text need not
    show, such as `import_module(name)`, entry points, `pickle`.
    """

    def __init__(self, active: Callable[[], Recordings]) -> None:
        self._active = active
        self._by_name = _bootstrap._gcd_import
        self._import = builtins.__import__
        self._statements: dict[int, tuple[types.CodeType, frozenset[int]]] = {}
        """Where in a code object its import statements are: bytecode is copied each time it is looked at.

        By address, for a code object is hashed by all that it has: a pipeline of a thousand stages is one.
        """

    def install(self) -> None:
        """Put all three in place."""
        # Not `importlib.import_module` itself: others hold references to that.
        _bootstrap._gcd_import = self._imported_by_name
        builtins.__import__ = self._imported
        sys.meta_path.append(self)

    def remove(self) -> None:
        """Take all three away."""
        _bootstrap._gcd_import = self._by_name
        builtins.__import__ = self._import
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def _imported_by_name(self, name: str, package: str | None = None, level: int = 0) -> Any:
        module = self._by_name(name, package, level)
        if sys._getframe(1).f_code.co_filename not in IMPORT_SYSTEM:  # not the packages on the way to it
            self._note(getattr(module, "__name__", name))
        return module

    def _imported(self, name: str, *context: Any, **named: Any) -> Any:
        module = self._import(name, *context, **named)
        frame = sys._getframe(1)
        if not self._is_statement(frame) and name in sys.modules:
            self._note(name)
        return module

    def _is_statement(self, frame: types.FrameType) -> bool:
        code = frame.f_code
        known = self._statements.get(id(code))
        if known is None:
            known = self._statements[id(code)] = code, frozenset(_import_statements(code.co_code[::2]))
        return frame.f_lasti in known[1]

    def _note(self, module: str) -> None:
        for recording in self._active():
            recording.imports(module)

    def find_spec(self, fullname: str, path: Sequence[str] | None, _: object = None) -> ModuleSpec | None:
        """Find nothing; note where the module would have been."""
        for recording in self._active():
            if recording.territory.is_ours(_importer()):
                for place in _places(fullname, path):
                    if recording.territory.inside(place) is not None:
                        recording.asks(place, there=False)
        return None


def _import_statements(operations: bytes) -> Iterator[int]:
    at = operations.find(_IMPORT_STATEMENT)
    while at >= 0:
        yield 2 * at
        at = operations.find(_IMPORT_STATEMENT, at + 1)


def _importer() -> str:
    """Give the file of the code that imports."""
    frame: types.FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename in (*_LIBRARIES, __file__):
        frame = frame.f_back
    return "" if frame is None else frame.f_code.co_filename


def _places(fullname: str, path: Sequence[str] | None) -> list[str]:
    tail = fullname.rpartition(".")[2]
    entries = [os.path.abspath(entry or ".") for entry in (sys.path if path is None else path)]
    return [os.path.join(entry, name) for entry in entries for name in (f"{tail}.py", tail)]
