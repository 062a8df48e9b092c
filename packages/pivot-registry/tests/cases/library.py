"""The case library: small projects, each with one edit, and whether the stage must run again.

Each file beside this one holds the cases of one group, as plain data:

    GROUP = "functions"
    CASES = [
        (expectation, what changes, files, *edits),
    ]

- expectation: `reruns` (the output of a clean run differs, so skipping would be wrong), `fresh` (it does not differ,
  and running would be a waste), `may` (either is right), `unseen` (out of scope: no promise, and said so).
- files: text of `pipeline.py`, or path -> text. `pipeline.py` gets the head below, and the tail that registers the
  stage `main` for a function `value()`, unless it registers by itself. `name==1.0` as a path is an installed package:
  its text becomes `lib/site-packages/name.py` with metadata; `# requires: other` lines in it are its requirements.
  `VARIABLE=` as a path sets an environment variable, `name ->` makes a symbolic link.
- edits: `(old, new)` in `pipeline.py`, `(path, old, new)`, or a dict of operations, see `_OPERATIONS`.
"""

import ast
import os
import re
import runpy
import shutil
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

Expectation = Literal["reruns", "fresh", "may", "unseen"]

HEAD = """\
import os
import pathlib
from typing import Annotated

from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("case")


def ran():
    with open(os.environ.get("PIVOT_CASE_TRACE", os.devnull), "a") as trace:
        trace.write("main\\n")


"""
TAIL = """

def main() -> Annotated[str, outputs.Out("out.txt", loaders.Text())]:
    ran()
    return repr(value())


pipeline.register(main)
"""
SITE = "lib/site-packages"
FUTURE = "from __future__ import annotations\n"


class Case(NamedTuple):
    """One project before and after one edit."""

    group: str
    expects: Expectation
    doc: str
    """What changes, as the documentation says it."""
    files: Mapping[str, str]
    edits: tuple[Any, ...]

    @property
    def id(self) -> str:
        """Name it for a test report."""
        return f"{self.group}: {self.doc}".replace(" ", "-")

    @property
    def needs(self) -> set[str]:
        """Name the optional libraries that the project imports."""
        text = "\n".join(self.files.values())
        return {name for name in ("numpy", "pandas") if re.search(rf"^\s*import .*\b{name}\b", text, re.MULTILINE)}


class Place(NamedTuple):
    """Where a case stands on disk, and in which surroundings it runs."""

    root: Path
    environ: Mapping[str, str]
    flags: str = ""


def cases() -> list[Case]:
    """Give the whole library, in the order of the files' names."""
    files = sorted(Path(__file__).parent.glob("group_*.py"))
    return [case for file in files for case in _of_group(runpy.run_path(str(file)))]


def _of_group(module: Mapping[str, Any]) -> Iterator[Case]:
    for expects, doc, files, *edits in module["CASES"]:
        assert expects in get_args(Expectation), doc
        named = {"pipeline.py": files} if isinstance(files, str) else files
        yield Case(module["GROUP"], expects, doc, named, tuple(edits))


def build(case: Case, root: Path) -> Place:
    """Write the project of a case, before the edit."""
    root.mkdir(parents=True, exist_ok=True)
    # Bytecode that a child of the stage wrote would not be stale after an edit within the same second.
    environ = {"PYTHONDONTWRITEBYTECODE": "1"}
    environ |= {name[:-1]: text for name, text in case.files.items() if name.endswith("=")}
    for name, text in case.files.items():
        if not name.endswith("="):
            _write(root, name, text)
    return Place(root, environ)


def edit(case: Case, place: Place) -> Place:
    """Make the edit of a case."""
    for change in case.edits:
        operations = change if isinstance(change, dict) else {"replace": change}
        for operation, argument in operations.items():
            place = _OPERATIONS[operation](place, argument) or place
    return place


def sys_path(root: Path) -> list[str]:
    """Give what the project adds to the import path."""
    site = root / SITE
    return [str(root), str(site)] if site.is_dir() else [str(root)]


def _write(root: Path, name: str, text: str) -> None:
    if "==" in name:
        _install(root, name, text)
        return
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(" ->"):
        path.with_name(path.name.removesuffix(" ->")).symlink_to(text)
        return
    body = textwrap.dedent(text).strip("\n")
    body = body + "\n" if body else ""
    path.write_text(_with_scaffold(body) if path.name == "pipeline.py" and path.parent == root else body)


def _with_scaffold(body: str) -> str:
    future = FUTURE if body.startswith(FUTURE) else ""
    tail = "" if "pipeline.register(" in body or "@pipeline.stage" in body else TAIL
    return future + HEAD + body.removeprefix(future) + tail


def _install(root: Path, requirement: str, text: str) -> None:
    name, _, version = requirement.partition("==")
    body = textwrap.dedent(text).strip("\n") + "\n"
    site = root / SITE
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (site / f"{name}.py").write_text(body)
    requires = "".join(f"Requires-Dist: {other}\n" for other in re.findall(r"^# requires: (\S+)$", body, re.MULTILINE))
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}")
    (info / "RECORD").write_text(f"{name}.py,,\n{info.name}/METADATA,,\n{info.name}/RECORD,,\n")


def _replace(place: Place, argument: tuple[str, ...]) -> None:
    path, old, new = argument if len(argument) == 3 else ("pipeline.py", *argument)
    text = (place.root / path).read_text()
    assert old in text, f"{path} does not contain {old!r}"
    (place.root / path).write_text(text.replace(old, new))


def _write_all(place: Place, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        _write(place.root, name, text)


def _delete(place: Place, name: str) -> None:
    path = place.root / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _rename(place: Place, names: tuple[str, str]) -> None:
    target = place.root / names[1]
    target.parent.mkdir(parents=True, exist_ok=True)
    (place.root / names[0]).rename(target)


def _upgrade(place: Place, argument: tuple[str, str, str]) -> None:
    before, after, text = argument
    shutil.rmtree(place.root / SITE / f"{before.replace('==', '-')}.dist-info")
    for compiled in (place.root / SITE / "__pycache__").glob(f"{before.partition('==')[0]}.*"):
        compiled.unlink()  # as installers do: within a second, Python takes it for that of a file of the same size
    _install(place.root, after, text)


def _environ(place: Place, variables: Mapping[str, str | None]) -> Place:
    merged = {**place.environ, **variables}
    return place._replace(environ={name: value for name, value in merged.items() if value is not None})


def _touch(place: Place, name: str) -> None:
    os.utime(place.root / name, (1_700_000_000, 1_700_000_000))


def _quietly(place: Place, argument: tuple[str, ...]) -> None:
    """Replace text so that neither the size nor the time of modification tells."""
    path = place.root / (argument[0] if len(argument) == 3 else "pipeline.py")
    before = path.stat()
    _replace(place, argument)
    assert path.stat().st_size == before.st_size
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _link(place: Place, names: tuple[str, str]) -> None:
    path = place.root / names[0]
    path.unlink(missing_ok=True)
    path.symlink_to(names[1])


def _move(place: Place, name: str) -> Place:
    target = place.root.parent / name
    place.root.rename(target)
    return place._replace(root=target)


def _reformat(place: Place, path: str) -> None:
    """Write the file as the interpreter's unparser does: other quotes, no comments, no blank lines, long lines."""
    (place.root / path).write_text(ast.unparse(ast.parse((place.root / path).read_text())) + "\n")


_OPERATIONS: Mapping[str, Callable[[Place, Any], Place | None]] = {
    "replace": _replace,
    "write": _write_all,
    "delete": _delete,
    "rename": _rename,
    "upgrade": _upgrade,
    "env": _environ,
    "touch": _touch,
    "quietly": _quietly,
    "link": _link,
    "move": _move,
    "reformat": _reformat,
    "flags": lambda place, flags: place._replace(flags=flags),
}
