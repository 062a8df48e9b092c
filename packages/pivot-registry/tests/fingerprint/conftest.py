"""Small projects, identified from their text."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from pivot.fingerprint.analysis import Analysis, Options, analyse
from pivot.fingerprint.imports import ImportPath
from pivot.fingerprint.roots import Root
from pivot.fingerprint.summaries import Summaries

DEFAULTS = Options()
STANDARD = tuple(entry for entry in sys.path if os.path.exists(os.path.join(entry, "os.py")))


class Project:
    """Files below a directory, with the stage `main` of `pipeline.py`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.site = root / "lib" / "site-packages"
        self.imports = ImportPath((str(root), str(self.site), *STANDARD))
        self.environ: dict[str, str] = {}

    def write(self, files: str | Mapping[str, str]) -> "Project":
        """Put files in place; text alone is `pipeline.py`."""
        for name, text in {"pipeline.py": files}.items() if isinstance(files, str) else files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return self

    def installed(self, name: str, version: str, text: str = "", metadata: str = "") -> "Project":
        """Install a distribution of one module; of another version before, nothing is left."""
        for old in self.site.glob(f"{name}-*.dist-info/*"):
            old.unlink()
        for old in self.site.glob(f"{name}-*.dist-info"):
            old.rmdir()
        info = f"lib/site-packages/{name}-{version}.dist-info"
        return self.write(
            {
                f"lib/site-packages/{name}.py": text,
                f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}\n",
                f"{info}/RECORD": f"{name}.py,,\n",
            }
        )

    def analyse(
        self,
        *stages: str,
        summaries: Summaries | None = None,
        options: Options = DEFAULTS,
        observed: Mapping[str, Iterable[str]] = {},
        roots: Mapping[str, Root] | None = None,
    ) -> Analysis:
        """Identify stages of `pipeline.py`, `main` by default."""
        named = {stage: Root("pipeline", stage) for stage in stages or ("main",)}
        known = summaries or Summaries()
        return analyse(named if roots is None else roots, self.imports, known, self.environ, options, observed)

    def code(self, stage: str = "main", **options: object) -> str:
        """Identify one stage."""
        return self.analyse(stage, **options).code(stage)  # type: ignore[arg-type]

    def entries(self, stage: str = "main") -> dict[str, str]:
        """Name what one stage depends on."""
        return self.analyse(stage).codes(stage)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def projects(tmp_path: Path) -> Callable[[str], Project]:
    """Make projects beside one another."""
    return lambda name: Project(tmp_path / name)
