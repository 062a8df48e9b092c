"""Rules for which pipeline files belong to a project."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from pivot.discovery.finding import find_pipeline_files
from pivot.discovery.project import Project, open_project
from pivot.discovery.store import read_json, write_json

Write = Callable[[dict[str, str]], Path]
PIPELINE = "from pivot.pipeline import Pipeline\n"


def names(project: Project) -> list[str]:
    return [project.relative(path) for path in find_pipeline_files(project)]


def aged(root: Path, places: Iterable[str]) -> None:
    """Date directories and files back, so that their marks are settled."""
    for place in places:
        os.utime(root / place, ns=(1_001, 1_001))


def test_every_kind_of_file_is_found_in_the_order_of_paths(project: Project, write: Write) -> None:
    write(
        {
            "b/pivot.yaml": "",
            "a/pipeline.py": PIPELINE,
            "a/z/pivot.yml": "",
            "pipeline.py": PIPELINE,
            "a-b/pivot.yaml": "",
        }
    )
    assert names(project) == ["pipeline.py", "a/pipeline.py", "a/z/pivot.yml", "a-b/pivot.yaml", "b/pivot.yaml"]


def test_a_pipeline_of_something_else_is_left_alone(project: Project, write: Write) -> None:
    write({"a/pipeline.py": "from sklearn.pipeline import Pipeline\n"})
    assert names(project) == []


def test_beside_a_yaml_any_pipeline_counts(project: Project, write: Write) -> None:
    write({"a/pipeline.py": "", "a/pivot.yaml": ""})
    assert names(project) == ["a/pipeline.py", "a/pivot.yaml"]


@pytest.mark.parametrize(
    "place", [".hidden", "node_modules", "__pycache__", "lib/site-packages", "lib/dist-packages", ".pivot/cache/x"]
)
def test_some_directories_are_never_looked_into(project: Project, write: Write, place: str) -> None:
    write({f"{place}/pivot.yaml": "", f"{place}/deeper/pivot.yaml": ""})
    assert names(project) == []


def test_virtual_environments_are_never_looked_into(project: Project, write: Write) -> None:
    write({"env/pyvenv.cfg": "", "env/pivot.yaml": "", "env/share/pivot.yaml": ""})
    assert names(project) == []


def test_the_cache_is_not_looked_into_wherever_it_lies(root: Path, write: Write) -> None:
    write({"store/objects/pivot.yaml": "", ".pivot/config.yaml": "cache: {dir: store}"})
    assert names(open_project(root, {})) == []


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("old", ["a/pivot.yaml"]),
        ("*ld/", ["a/pivot.yaml"]),
        ("a/old", ["a/pivot.yaml", "b/old/pivot.yaml"]),
        ("./a/old", ["a/pivot.yaml", "b/old/pivot.yaml"]),
        ("a/**", ["b/old/pivot.yaml"]),
        ("**/old", ["a/pivot.yaml"]),
        ("*/old", ["a/pivot.yaml"]),
        ("a/pivot.yaml", ["a/old/pivot.yaml", "b/old/pivot.yaml"]),
    ],
)
def test_what_the_settings_exclude_is_left_out(root: Path, write: Write, pattern: str, left: list[str]) -> None:
    write({f"{place}/pivot.yaml": "" for place in ("a", "a/old", "b/old")})
    write({".pivot/config.yaml": f"discovery: {{exclude: ['{pattern}']}}"})
    assert names(open_project(root, {})) == left


def test_a_project_below_is_another_project(project: Project, write: Write) -> None:
    write({"other/.pivot/config.yaml": "", "other/pivot.yaml": "", "a/.pivot/state": "", "a/pivot.yaml": ""})
    assert names(project) == ["a/pivot.yaml"]


def test_a_root_that_was_given_owns_everything_below(root: Path, write: Write) -> None:
    write({"other/.pivot/config.yaml": "", "other/pivot.yaml": ""})
    assert names(open_project(root, {"PIVOT_PROJECT_ROOT": str(root)})) == ["other/pivot.yaml"]


def test_links_to_directories_are_not_followed(project: Project, write: Write, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "pivot.yaml").write_text("")
    write({"a/pivot.yaml": ""})
    (project.root / "out").symlink_to(tmp_path / "outside")
    (project.root / "again").symlink_to(project.root / "a")
    (project.root / "a" / "round").symlink_to(project.root)
    assert names(project) == ["a/pivot.yaml"]


def test_a_linked_file_is_a_file(project: Project, write: Write, tmp_path: Path) -> None:
    (tmp_path / "shared.yaml").write_text("")
    write({"a/x": ""})
    (project.root / "a" / "pivot.yaml").symlink_to(tmp_path / "shared.yaml")
    assert names(project) == ["a/pivot.yaml"]


def test_what_is_new_is_found(project: Project, write: Write) -> None:
    write({"a/x": ""})
    assert names(project) == []
    write({"a/pivot.yaml": ""})
    assert names(project) == ["a/pivot.yaml"]
    write({"a/b/c/pivot.yaml": ""})
    assert names(project) == ["a/pivot.yaml", "a/b/c/pivot.yaml"]


def test_what_is_gone_is_forgotten(project: Project, write: Write) -> None:
    write({"a/pivot.yaml": "", "b/pivot.yaml": ""})
    assert names(project) == ["a/pivot.yaml", "b/pivot.yaml"]
    (project.root / "a" / "pivot.yaml").unlink()
    assert names(project) == ["b/pivot.yaml"]


def test_a_pipeline_that_begins_to_mention_pivot_is_found(project: Project, write: Write) -> None:
    write({"a/pipeline.py": "x = 1\n"})
    aged(project.root, ["a/pipeline.py"])
    assert names(project) == []
    write({"a/pipeline.py": PIPELINE})
    assert names(project) == ["a/pipeline.py"]


def test_unchanged_directories_are_not_listed_again(project: Project, write: Write) -> None:
    write({"a/pivot.yaml": "", "b/y": ""})
    names(project)
    names(project)  # the first search has made a directory of its own in the root's .pivot
    memory = project.local / "directories.json"
    data = read_json(memory)
    for directory in data[0].values():
        directory[1] = True  # as if it had been listed long after it was changed
    data[0]["b"][3] = ["pivot.yml"]  # what only this memory knows
    write_json(memory, data)
    assert names(project) == ["a/pivot.yaml", "b/pivot.yml"]
    write({"b/z": ""})
    assert names(project) == ["a/pivot.yaml"]


@pytest.mark.parametrize("data", [None, {}, [[], []], [{"a": 1}, {}], [{"a": [1, 2, 3, 4, 5]}, {}]])
def test_a_damaged_memory_is_no_memory(project: Project, write: Write, data: object) -> None:
    write({"a/pivot.yaml": ""})
    write_json(project.local / "directories.json", data)
    assert names(project) == ["a/pivot.yaml"]


def test_a_name_that_is_no_text_is_found(project: Project) -> None:
    directory = os.fsencode(project.root) + b"/\xff"
    os.mkdir(directory)
    with open(directory + b"/pivot.yaml", "w"):
        pass
    assert names(project) == names(project) == ["\udcff/pivot.yaml"]
