"""Tell what went wrong in the user's definitions, with the user's own line and none of ours."""

import contextlib
import os
import traceback
from collections.abc import Iterator
from pathlib import Path

import pivot
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
        blame = _Blame(file, project_root)
        if blame.is_ours(error):
            raise
        raise blame.told(error) from error


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
            where = error.where or where
            return DiscoveryError(self._with_file(error.what, where), where=where, hint=error.hint)
        return DiscoveryError(self._with_file(_cause(error), where), where=where, hint=_hint(error) or self._see_all())

    def is_ours(self, error: BaseException) -> bool:
        """Whether no line of the user's led to it, so that it is a mistake in pivot."""
        if isinstance(error, DefinitionError | SyntaxError | OSError | UnicodeError):
            return False
        frames = traceback.extract_tb(error.__traceback__)
        if any(self._territory.is_ours(frame.filename) for frame in frames):
            return False
        return bool(frames) and frames[-1].filename.startswith(tuple(f"{path}{os.sep}" for path in pivot.__path__))

    def _see_all(self) -> str | None:
        if self._file.suffix != ".py":
            return None
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
        return place_in(Path(path), self._root)


def place_in(path: Path, root: Path) -> str:
    """Spell a path for people: relative to the project's root, if it lies below."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


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
    if isinstance(error, SyntaxError) and (error.text or "").startswith(_CONFLICT):
        return "the file has conflict markers of a merge: resolve them"
    if isinstance(error, ModuleNotFoundError):
        return (
            f"install what provides {error.name!r}, or put the module beside the pipeline file or in the project root"
        )
    return None


_CONFLICT = ("<<<<<<< ", "||||||| ", "=======", ">>>>>>> ")
