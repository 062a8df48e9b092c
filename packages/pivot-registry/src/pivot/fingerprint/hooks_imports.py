"""See which modules the user's code asks for by computed names, found or not."""

import importlib
import importlib.util
import os
import sys
import types
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec

from pivot.fingerprint.callers import IMPORT_SYSTEM
from pivot.fingerprint.recording import Recording


class ImportHooks:
    """`importlib.import_module` replaced, and a last finder that is asked only for what nobody else finds."""

    def __init__(self, active: Callable[[], tuple[Recording, ...]]) -> None:
        self._active = active
        self._real = importlib.import_module

    def install(self) -> None:
        """Put both in place."""
        importlib.import_module = self._import_module
        sys.meta_path.append(self)

    def remove(self) -> None:
        """Take both away."""
        importlib.import_module = self._real
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def _import_module(self, name: str, package: str | None = None) -> types.ModuleType:
        filename = sys._getframe(1).f_code.co_filename
        module = self._real(name, package)
        for recording in self._active():
            if recording.territory.is_ours(filename):
                recording.imports(module.__name__)
        return module

    def find_spec(self, fullname: str, path: Sequence[str] | None, _: object = None) -> ModuleSpec | None:
        """Find nothing; note where the module would have been."""
        for recording in self._active():
            if recording.territory.is_ours(_importer()):
                for place in _places(fullname, path):
                    if recording.territory.inside(place) is not None:
                        recording.asks(place, there=False)
        return None


def _importer() -> str:
    """Give the file of the code that imports."""
    frame: types.FrameType | None = sys._getframe(2)
    own = (*IMPORT_SYSTEM, "<frozen importlib.util>", "<frozen importlib>", __file__)
    libraries = (importlib.__file__, importlib.util.__file__)
    while frame is not None and frame.f_code.co_filename in (*own, *libraries):
        frame = frame.f_back
    return "" if frame is None else frame.f_code.co_filename


def _places(fullname: str, path: Sequence[str] | None) -> list[str]:
    tail = fullname.rpartition(".")[2]
    entries = [os.path.abspath(entry or ".") for entry in (sys.path if path is None else path)]
    return [os.path.join(entry, name) for entry in entries for name in (f"{tail}.py", tail)]
