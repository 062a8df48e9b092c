"""Modules are found where the interpreter would find them, and what was looked at is known."""

import importlib.machinery
import sys
from pathlib import Path
from typing import Any

import pytest

from pivot.fingerprint.imports import Finder, Found, ImportPath

SUFFIX = importlib.machinery.EXTENSION_SUFFIXES[0]


def finder(project: Any, *entries: str) -> Finder:
    return Finder(ImportPath(tuple(str(project.root / entry) for entry in entries) or project.imports.entries))


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("alone", "source"),
        ("pack", "source"),
        ("pack.inner", "source"),
        ("space", "namespace"),
        ("space.part", "source"),
        ("compiled", "binary"),
        ("dep", "installed"),
        ("dep.sub", "installed"),
        ("json", "standard"),
        ("json.decoder", "standard"),
        ("sys", "standard"),
        ("pivot", "standard"),
        ("pivot.pipeline", "standard"),
        ("nowhere", None),
        ("pack.nowhere", None),
        ("alone.nowhere", None),
    ],
)
def test_every_kind_of_module_is_told_apart(project: Any, name: str, origin: str | None) -> None:
    project.write(
        {
            "alone.py": "",
            "pack/__init__.py": "",
            "pack/inner.py": "",
            "space/part.py": "",
            f"compiled{SUFFIX}": "",
            "lib/site-packages/dep/__init__.py": "",
            "pivot/__init__.py": "",
            "sys.py": "",
        }
    )
    found = finder(project).find(name)
    assert (found and found.origin) == origin


def test_the_first_entry_wins(project: Any) -> None:
    project.write({"one/m.py": "", "two/m.py": ""})
    assert finder(project, "one", "two").find("m") == Found("source", str(project.root / "one/m.py"))
    assert finder(project, "two", "one").find("m") == Found("source", str(project.root / "two/m.py"))


def test_a_package_comes_before_a_module_and_a_module_before_a_bare_directory(project: Any) -> None:
    project.write({"a.py": "", "a/__init__.py": "", "b.py": "", "b/c.py": ""})
    found = finder(project)
    assert found.find("a") == Found("source", str(project.root / "a/__init__.py"), True, (str(project.root / "a"),))
    assert found.find("b") == Found("source", str(project.root / "b.py"))


def test_the_file_of_a_package_is_no_package_under_its_own_name(project: Any) -> None:
    project.write({"a/__init__.py": "", "a/b.py": ""})
    found = finder(project)
    assert found.find("a.__init__") == Found("source", str(project.root / "a/__init__.py"))
    assert found.find("a.__init__.__init__") is None  # a text `__init__.py` would lead from each to the next


def test_a_namespace_package_has_the_parts_of_all_entries(project: Any) -> None:
    project.write({"one/space/a.py": "", "two/space/b.py": ""})
    found = finder(project, "one", "two")
    assert [found.find(name) is not None for name in ("space.a", "space.b", "space.c")] == [True, True, False]


def test_a_module_of_the_project_hides_one_of_the_library_but_not_of_the_interpreter(project: Any) -> None:
    project.write({"colorsys.py": "", "time.py": ""})
    assert finder(project).find("colorsys") == Found("source", str(project.root / "colorsys.py"))
    assert finder(project).find("time") == Found("standard")


def test_pinned_modules_are_found_by_name_and_counted_by_label(project: Any) -> None:
    project.write({"deep/pipeline.py": "", "deep/x.py": ""})
    file = str(project.root / "deep/pipeline.py")
    found = Finder(ImportPath(project.imports.entries, (("pivot_pipeline_ab", file, "pipeline"),)))
    assert found.find("pivot_pipeline_ab") == Found("source", file)
    assert found.label("pivot_pipeline_ab") == "pipeline"
    assert found.label("pivot_pipeline_ab.sub") == "pipeline.sub"
    assert found.label("deep.x") == "deep.x"


def test_an_editable_install_with_a_map_of_names_is_followed(project: Any) -> None:
    text = f"MAPPING: dict[str, str] = {{'mine': '{project.root}/elsewhere/mine'}}"
    project.write({"elsewhere/mine/__init__.py": "", "lib/site-packages/__editable___mine_finder.py": text})
    found = finder(project).find("mine")
    assert found is not None
    assert found.ours
    assert found.file == str(project.root / "elsewhere/mine/__init__.py")


def test_a_map_that_cannot_be_read_maps_nothing(project: Any) -> None:
    project.write({"lib/site-packages/__editable___mine_finder.py": "MAPPING = ("})
    assert finder(project).find("mine") is None


def test_what_was_looked_for_is_known_whether_it_was_there_or_not(project: Any) -> None:
    project.write({"here.py": ""})
    looking = finder(project, ".")
    looking.find("here")
    looking.find("absent")
    root = str(project.root / ".")
    probes = {(directory, name): (present, absent) for directory, name, present, absent in looking.probes()}
    assert probes[root, "here"][0] == ("here.py",)
    assert "absent.py" in probes[root, "absent"][1]
    assert "absent" in probes[root, "absent"][1]


def test_the_modules_below_a_package_are_listed(project: Any) -> None:
    project.write(
        {
            "p/__init__.py": "",
            "p/a.py": "",
            "p/b/__init__.py": "",
            "p/b/c.py": "",
            "p/data/x.txt": "",
            "p/not-a-name.py": "",
        }
    )
    looking = finder(project)
    assert sorted(looking.submodules("p")) == ["p.a", "p.b", "p.b.c"]
    assert str(project.root / "p") in looking.listed


def test_a_directory_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert Finder(ImportPath((str(tmp_path / "gone"), str(tmp_path / "gone.zip")))).find("anything") is None


def test_a_standard_module_needs_no_entry() -> None:
    assert Finder(ImportPath(())).find("json") == Found("standard")


def test_files_are_written_for_people(project: Any) -> None:
    looking = Finder(ImportPath((str(project.root), str(project.root / "src"))))
    assert looking.readable(f"{project.root}/src/a.py") == "src/a.py"
    assert looking.readable("/elsewhere/a.py") == "/elsewhere/a.py"


def test_the_finder_agrees_with_the_interpreter(project: Any) -> None:
    project.write({"a.py": "", "a/__init__.py": "", "b/__init__.py": "", "c/d.py": "", f"e{SUFFIX}": "", "e.py": ""})
    path = [str(project.root)]
    for name in ("a", "b", "e", "missing"):
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        found = Finder(ImportPath(tuple(path))).find(name)
        assert (found.file if found else None) == (spec.origin if spec else None)


def test_the_libraries_of_this_interpreter_are_not_the_users() -> None:
    looking = Finder(ImportPath(tuple(sys.path)))
    assert [getattr(looking.find(name), "origin", None) for name in ("blake3", "pytest", "ast")] == [
        "installed",
        "installed",
        "standard",
    ]
