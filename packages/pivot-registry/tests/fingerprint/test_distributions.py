"""Installed packages count by version, with what they need."""

import os
from typing import Any

import pytest

from pivot.fingerprint.analysis import Options
from pivot.fingerprint.distributions import Distributions, normalised

USE = "import dep\ndef main(): return dep.f()"


def distributions(project: Any) -> Distributions:
    return Distributions([str(project.site)])


def test_an_upgrade_of_a_package_that_is_used_changes_a_stage(project: Any) -> None:
    project.write(USE).installed("dep", "1.0")
    before = project.entries()
    project.installed("dep", "2.0")
    assert (before["package dep"], project.entries()["package dep"]) == ("1.0", "2.0")


def test_an_upgrade_of_a_package_that_is_not_used_does_not(project: Any) -> None:
    project.write(USE).installed("dep", "1.0").installed("other", "1.0")
    before = project.code()
    project.installed("other", "2.0")
    assert project.code() == before


def test_what_a_package_needs_counts_too_but_not_its_extras(project: Any) -> None:
    metadata = 'Requires-Dist: needed (>=1)\nRequires-Dist: extra-one ; extra == "x"'
    project.write(USE).installed("dep", "1.0", metadata=metadata).installed("needed", "1.0")
    project.installed("extra_one", "1.0")
    assert {"package dep": "1.0", "package needed": "1.0"}.items() <= project.entries().items()
    assert "package extra-one" not in project.entries()


@pytest.mark.parametrize("environment", ["versions", "off", "content"])
def test_the_setting_says_what_counts(project: Any, environment: Any) -> None:
    options = Options(environment)
    project.write(USE).installed("dep", "1.0", "def f(): return 1")
    first = project.code(options=options)
    project.write({"lib/site-packages/dep.py": "def f(): return 2"})
    edited = project.code(options=options)
    project.installed("dep", "2.0", "def f(): return 2")
    upgraded = project.code(options=options)
    assert (first != edited, edited != upgraded) == {
        "versions": (False, True), "off": (False, False), "content": (True, True)
    }[environment]  # fmt: skip


def test_a_module_without_metadata_counts_by_its_content(project: Any) -> None:
    project.write(USE).write({"lib/site-packages/dep.py": "def f(): return 1"})
    before = project.code()
    project.write({"lib/site-packages/dep.py": "def f(): return 2"})
    assert project.code() != before


def test_a_package_without_metadata_counts_with_all_its_files(project: Any) -> None:
    project.write(USE).write(
        {"lib/site-packages/dep/__init__.py": "from .a import f", "lib/site-packages/dep/a.py": "1"}
    )
    analysis = project.analyse()
    before = analysis.code("main")
    assert str(project.site / "dep/a.py") in analysis.inputs().files
    project.write({"lib/site-packages/dep/a.py": "2"})
    assert project.code() != before


def test_the_distribution_of_a_module_with_another_name_is_found(project: Any) -> None:
    info = "lib/site-packages/python_dep-1.0.dist-info"
    project.write({f"{info}/METADATA": "Name: python-dep", f"{info}/RECORD": "dep.py,,\n"})
    assert distributions(project).of_module("dep") == "python-dep"
    project.write({f"{info}/top_level.txt": "thing\n"})
    assert distributions(project).of_module("thing") == "python-dep"
    assert distributions(project).of_module("nowhere") is None


def test_a_leftover_without_a_record_loses(project: Any) -> None:
    project.installed("dep", "2.0").write({"lib/site-packages/dep-9.0.dist-info/INSTALLER": "pip"})
    assert distributions(project).version("dep") == "2.0"


def test_of_two_with_a_record_the_newer_wins(project: Any) -> None:
    for version, when in (("9.0", 1_000_000), ("2.0", 2_000_000)):
        info = project.write({f"lib/site-packages/dep-{version}.dist-info/RECORD": ""}).site
        os.utime(info / f"dep-{version}.dist-info", (when, when))
    assert distributions(project).version("dep") == "2.0"


def test_a_package_that_appears_under_a_guarded_import_counts(project: Any) -> None:
    project.write("try:\n    import dep\nexcept ImportError:\n    dep = None\ndef main(): return dep")
    before = project.entries()
    project.installed("dep", "1.0")
    assert before["module dep"] == "absent"
    assert project.entries()["package dep"] == "1.0"


def test_a_version_that_is_asked_for_counts(project: Any) -> None:
    project.write("import importlib.metadata\ndef main(): return importlib.metadata.version('dep')")
    project.installed("dep", "1.0").installed("other", "1.0")
    before = project.code()
    project.installed("other", "2.0")
    assert project.code() == before
    project.installed("dep", "2.0")
    assert project.code() != before


def test_entry_points_lead_to_what_they_name(project: Any) -> None:
    entry = {"lib/site-packages/plug-1.0.dist-info/entry_points.txt": "[group]\nrun = ours:run\n"}
    project.write("from importlib.metadata import entry_points\ndef main(): return list(entry_points())")
    project.installed("plug", "1.0").write(entry).write({"ours.py": "def run(): return 1"})
    before = project.code()
    project.write({"ours.py": "def run(): return 2"})
    edited = project.code()
    project.installed("unrelated", "1.0")
    assert len({before, edited, project.code()}) == 3


def test_names_are_normalised() -> None:
    assert normalised("A.b_C--d") == "a-b-c-d"


def test_an_egg_counts(project: Any) -> None:
    project.write(USE).write(
        {"lib/site-packages/dep.py": "", "lib/site-packages/dep-1.0.egg-info/PKG-INFO": "Name: dep"}
    )
    assert project.entries()["package dep"] == "1.0"
