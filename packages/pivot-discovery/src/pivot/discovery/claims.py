"""Which modules of the process a pipeline's own modules stand in for."""

import os
import sys
from importlib.machinery import FrozenImporter, all_suffixes
from pathlib import Path
from types import ModuleType

from pivot.fingerprint.territory import Territory

# Modules that nearly every library imports. A file such as `types.py` in a package is common and harmless where one
# runs modules by their dotted names; putting the pipeline's root first on the path must not break libraries by it.
_EVERYBODYS = frozenset([
    "__main__", "ast", "asyncio", "collections", "concurrent", "contextlib", "copy", "dataclasses", "datetime",
    "email", "enum", "functools", "hashlib", "html", "http", "importlib", "inspect", "itertools", "json", "logging",
    "math", "multiprocessing", "numbers", "operator", "pathlib", "pickle", "pivot", "platform", "re", "select",
    "selectors", "shutil", "signal", "socket", "struct", "subprocess", "tempfile", "threading", "token", "tokenize",
    "traceback", "types", "typing", "unittest", "warnings", "weakref",
])  # fmt: skip


def claimed_names(*directories: Path) -> tuple[str, ...]:
    """List the top-level modules that directories at the front of the import path provide."""
    names = {name for directory in dict.fromkeys(directories) for name in _modules_in(directory)}
    return tuple(sorted(name for name in names - _EVERYBODYS if not _is_built_in(name)))


def _modules_in(directory: Path) -> list[str]:
    suffixes = tuple(all_suffixes())
    try:
        with os.scandir(directory) as entries:
            return [
                entry.name.partition(".")[0]
                for entry in entries
                if (entry.is_dir() and os.path.isfile(f"{entry.path}/__init__.py")) or entry.name.endswith(suffixes)
            ]
    except OSError:
        return []


def _is_built_in(name: str) -> bool:
    return name in sys.builtin_module_names or FrozenImporter.find_spec(name) is not None


def foreign_modules(territory: Territory) -> tuple[str, ...]:
    """List the user's modules that this process has loaded by itself: their code may be old by now."""
    return tuple(name for name, module in list(sys.modules.items()) if _may_be_old(name, module, territory))


def _may_be_old(name: str, module: ModuleType | None, territory: Territory) -> bool:
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or top in {"__main__", "__mp_main__", "pivot"}:
        return False
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and "/site-packages/" not in file and territory.is_ours(file)
