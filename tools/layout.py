"""Check what the repository may hold: `python tools/layout.py`.

Only git and the standard library are used, so that it says what is wrong even where nothing is installed.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

TOP_LEVEL = {
    "pyproject.toml",
    "uv.lock",
    "packages",
    "tests-integration",
    "tools",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
}
"""Beside these only names with a leading dot."""

# Of people, only those of examples: /home/me and /home/user.
MACHINE_PATH = re.compile(r"(?<![\w.~/-])/(?:home|root|Users)/(?!(?:me|user)\b)\w|\b[A-Z]:\\Users\\")
REGISTRY_HOST = re.compile(
    r"pypi[.]org|pythonhosted[.]org|registry[.]npmjs[.]org|conda[.]anaconda[.]org", re.IGNORECASE
)
MAY_NAME_REGISTRIES = {"uv.lock"}
GENERATED = re.compile(r"(^|/)(__pycache__|\.\w+_cache|\.hypothesis)/")


def files(*options: str) -> list[str]:
    """List files as git sees them, relative to the root."""
    listed = subprocess.run(["git", "ls-files", "-z", *options], cwd=ROOT, check=True, capture_output=True, text=True)
    return sorted(name for name in listed.stdout.split("\0") if name and (ROOT / name).exists())


def strangers(names: list[str]) -> Iterator[str]:
    """Find what the top level should not hold."""
    for top in sorted({name.split("/")[0] for name in names}):
        if top not in TOP_LEVEL and not top.startswith("."):
            yield f"{top}: the top level holds only {', '.join(sorted(TOP_LEVEL))} and dot files"


def borders(names: list[str]) -> Iterator[str]:
    """Find packages that close the shared namespace, and leaves that do not say they are typed."""
    for package in sorted((ROOT / "packages").iterdir()):
        namespace = package / "src/pivot"
        if (namespace / "__init__.py").exists():
            yield f"packages/{package.name}/src/pivot/__init__.py: `pivot` is a namespace that six packages share"
        for leaf in sorted(namespace.glob("[a-z]*/")):
            marker = (leaf / "py.typed").relative_to(ROOT).as_posix()
            if marker not in names:
                yield f"{marker}: missing; without it users' type checkers ignore the annotations"


def hidden() -> Iterator[str]:
    """Find files that belong to a package but that git ignores, so a clone would lack them."""
    for name in files("--others", "--ignored", "--exclude-standard", "packages", "tests-integration", "tools"):
        if not GENERATED.search(name) and not name.endswith((".pyc", ".pyo")):
            yield f"{name}: ignored by git, so a clone lacks it"


def places(names: list[str]) -> Iterator[str]:
    """Find paths that exist on one machine only, and hosts of package registries."""
    here = re.compile(re.escape(f"{ROOT}/"))
    for name in names:
        try:
            lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, start=1):
            if MACHINE_PATH.search(line) or here.search(line):
                yield f"{name}:{number}: a path of one machine"
            if name not in MAY_NAME_REGISTRIES and REGISTRY_HOST.search(line):
                yield f"{name}:{number}: the host of a package registry"


def faults() -> list[str]:
    """List everything that is wrong, one line each."""
    names = files("--cached", "--others", "--exclude-standard")
    return [*strangers(names), *borders(names), *hidden(), *places(names)]


def main() -> int:
    found = faults()
    for fault in found:
        print(fault)
    print(f"{len(found)} faults" if found else "layout: nothing out of place")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
