"""Whose file it is."""

import json
import sys
from pathlib import Path

import pytest

from pivot.fingerprint.territory import Territory

PROJECT = Path("/home/me/project")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/me/project/src/a.py", "src/a.py"),
        ("/home/me/project", "."),
        ("/home/me/projects/a.py", None),
        ("/home/me/a.py", None),
        ("/home/me/project/.pivot/stages/a.lock", None),
        ("/home/me/project/.pivot", None),
        ("/home/me/project/a/__pycache__/a.pyc", None),
        ("/home/me/project/lib/site-packages/a.py", None),
        ("/home/me/project/lib/site-packages", None),
        ("/home/me/project/env/lib/python3/os.py", None),
        ("/home/me/project/.git/HEAD", ".git/HEAD"),
    ],
)
def test_paths_of_the_project(path, expected):
    assert Territory(PROJECT, ["/home/me/project/env"]).inside(path) == expected


def test_a_project_below_the_interpreter_s_prefix_is_the_user_s():
    territory = Territory(Path("/usr/src/app"), ["/usr", "/usr/lib/python3.11"])
    assert territory.inside("/usr/src/app/a.py") == "a.py"
    assert territory.is_ours("/usr/src/app/a.py")
    assert not territory.is_ours("/usr/lib/python3.11/os.py")


@pytest.mark.parametrize("filename", ["<string>", "<frozen os>", json.__file__, pytest.__file__])
def test_code_that_is_not_the_user_s(filename):
    assert not Territory(PROJECT).is_ours(filename)


def test_pivot_is_not_the_user_s():
    assert not Territory(PROJECT).is_ours(sys.modules[Territory.__module__].__file__)


def test_code_of_a_dependency_by_path_is_the_user_s():
    assert Territory(PROJECT).is_ours("/home/me/library/src/a.py")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/srv/rows.csv", True),
        ("/home/me/project/rows.csv", False),
        ("/usr/share/zoneinfo/UTC", False),
        ("/proc/self/stat", False),
        ("/srv/lib/site-packages/a.txt", False),
        (json.__file__, False),
    ],
)
def test_files_worth_a_warning(path, expected):
    assert Territory(PROJECT).is_outside(path) is expected
