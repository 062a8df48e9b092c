"""Where modules come from (interim)."""

import os
from typing import NamedTuple


class ImportPath(NamedTuple):
    entries: tuple[str, ...]
    pinned: tuple[tuple[str, str, str], ...] = ()

    def find(self, name: str) -> str | None:
        for module, file, _ in self.pinned:
            if module == name:
                return file
        for entry in self.entries:
            if "site-packages" in entry or "/lib/python3" in entry or entry.endswith(".zip"):
                continue
            base = os.path.join(entry, *name.split("."))
            for file in (os.path.join(base, "__init__.py"), base + ".py"):
                if os.path.isfile(file):
                    return file
        return None

    def label(self, name: str) -> str:
        return next((label for module, _, label in self.pinned if module == name), name)
