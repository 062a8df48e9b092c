"""Tell what went wrong in the user's definitions, with the user's own line and none of ours."""

import contextlib
import traceback
from collections.abc import Iterator
from pathlib import Path

from pivot.discovery.errors import DiscoveryError
from pivot.fingerprint.territory import Territory
from pivot.registry.errors import DefinitionError


@contextlib.contextmanager
def blamed(file: Path, project_root: Path) -> Iterator[None]:
    """Turn whatever loading `file` raises into a DiscoveryError; Ctrl-C passes."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except DiscoveryError:
        raise
    except BaseException as error:  # definitions may raise anything, `sys.exit` too
        raise _Blame(file, project_root).told(error) from error


class _Blame:
    """One failure of one file."""

    def __init__(self, file: Path, project_root: Path) -> None:
        self._file = file
        self._root = project_root
        self._territory = Territory(project_root)

    def told(self, error: BaseException) -> DiscoveryError:
        """Say what happened, where, and what to do."""
        where = self._place(error)
        if isinstance(error, DefinitionError):
            return DiscoveryError(self._with_file(error.what, error.where), where=error.where or where, hint=error.hint)
        return DiscoveryError(self._with_file(_cause(error), where), where=where, hint=_hint(error) or self._see_all())

    def _see_all(self) -> str:
        return f"correct it; `python {self._shown(str(self._file))}` shows the whole traceback"

    def _with_file(self, what: str, where: str | None) -> str:
        """Name the pipeline file too, when the fault lies elsewhere."""
        shown = self._shown(str(self._file))
        named = where is not None and where.startswith((shown, f"{self._file.name}:"))
        return what if named else f"{what} (while loading {shown})"

    def _place(self, error: BaseException) -> str:
        if isinstance(error, SyntaxError) and error.filename:
            return f"{self._shown(error.filename)}:{error.lineno or 1}"
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if self._territory.is_ours(frame.filename)]
        return f"{self._shown(own[-1].filename)}:{own[-1].lineno}" if own else self._shown(str(self._file))

    def _shown(self, path: str) -> str:
        return Path(path).relative_to(self._root).as_posix() if Path(path).is_relative_to(self._root) else path


def _cause(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        code = "" if error.code is None else repr(error.code)
        return f"sys.exit({code}) was called while the definitions were loaded"
    if isinstance(error, RecursionError):
        return "RecursionError: endless recursion, or an import that never ends"
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
    except Exception:  # noqa: BLE001 - an exception's own __str__ may fail
        text = ""
    return f"{type(error).__name__}: {' '.join(text.split())[:500]}".removesuffix(": ")


def _hint(error: BaseException) -> str | None:
    if isinstance(error, SystemExit):
        return 'put what runs as a script under `if __name__ == "__main__":`'
    if isinstance(error, ModuleNotFoundError):
        return (
            f"install what provides {error.name!r}, or put the module beside the pipeline file or in the project root"
        )
    return None
