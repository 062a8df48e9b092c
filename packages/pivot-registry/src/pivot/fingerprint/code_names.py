"""Names for code that runs: which module a file is, and which definition of it a function belongs to."""

import ast
import functools
import os
import sys
import types
from collections.abc import Sequence
from pathlib import Path


class LoadedModules:
    """The names of loaded modules by their files. Looked through once for many questions: there may be thousands."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def named(self, file: str) -> str | None:
        """Name the loaded module that a file is, absolute or as code tells it."""
        name = self._names.get(file)
        if name is not None and getattr(sys.modules.get(name), "__file__", None) == file:
            return name  # spelled as the module spells it, as nearly always
        file = _absolute(file)
        name = self._names.get(file)
        if name is None or _file_of_loaded(sys.modules.get(name)) != file:
            files = ((_file_of_loaded(module), name) for name, module in list(sys.modules.items()))
            self._names = {file: name for file, name in files if file is not None}
        return self._names.get(file)


def _file_of_loaded(module: types.ModuleType | None) -> str | None:
    file = getattr(module, "__file__", None)
    return _absolute(file) if isinstance(file, str) else None


def _absolute(file: str) -> str:
    return _normal(file) if file.startswith(os.sep) else os.path.abspath(file)


@functools.lru_cache(maxsize=4096)  # each stage asks for the same few files, many times
def _normal(file: str) -> str:
    return os.path.normpath(file)


def names_of(code: types.CodeType, module: str | None) -> Sequence[str]:
    """Name a function of a module that started; one that its module does not name by what it is part of.

    The module is the one that `LoadedModules` names; of a file that is none, nothing has a name.
    """
    if module is None:
        return ()
    if not code.co_qualname.startswith("<"):
        return (f"{module}:{code.co_qualname}",)
    bound = _bound_around(_absolute(code.co_filename), code.co_firstlineno)
    return [f"{module}:{name}" for name in bound] if bound else (module,)


def _bound_around(file: str, line: int) -> list[str]:
    """Give the names that the top-level statement at a line binds."""
    try:
        body = ast.parse(Path(file).read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return []
    around = [statement for statement in body if statement.lineno <= line <= (statement.end_lineno or 0)]
    stores = (node for node in ast.walk(ast.Module(around, [])) if isinstance(node, ast.Name))
    return sorted({node.id for node in stores if isinstance(node.ctx, ast.Store)})


def module_of(path: str) -> str:
    """Name the module that a script would be, from the longest entry of the import path that holds it; else nothing."""
    entries = [os.path.abspath(entry or ".") for entry in sys.path]
    holding = [entry for entry in entries if path.startswith(entry + os.sep)]
    if not holding:
        return ""
    dotted = path[len(max(holding, key=len)) + 1 : -len(".py")].replace(os.sep, ".")
    return dotted if all(part.isidentifier() for part in dotted.split(".")) else ""


def imported_by(text: str) -> list[str]:
    """Name the modules that code given as text imports; none if it is not Python."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError):
        return []
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return plain + [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]


def file_of(module: str) -> str | None:
    """Find the file of a module that this process has not loaded (`python -m module` in a child)."""
    stem = module.replace(".", os.sep)
    for entry in sys.path:
        for tail in (f"{stem}.py", os.path.join(stem, "__main__.py"), os.path.join(stem, "__init__.py")):
            if os.path.isfile(path := os.path.abspath(os.path.join(entry, tail))):
                return path
    return None
