"""What one stage left behind in a warm worker counts for the next that finds it there."""

import pytest

from outside import Project

LIBRARY = """
import functools
import os
from pathlib import Path

@functools.cache
def vocab():
    return Path("vocab.txt").read_text()

@functools.cache
def colour():
    return os.environ.get("COL".lower().upper() + "OUR", "none")

_words = {}

def words():
    if "all" not in _words:
        _words["all"] = read("words.txt")
    return _words["all"]

def read(name):
    return Path(name).read_text()

_limit = None

def limit():
    global _limit
    if _limit is None:
        _limit = int(read("limit.txt"))
    return _limit

class Table:
    @functools.cached_property
    def rows(self):
        return read("rows.txt")

table = Table()

class Settings:
    value = None

    @classmethod
    def get(cls):
        if cls.value is None:
            cls.value = read("settings.txt")
        return cls.value

def memo(function):
    kept = []
    def inner():
        if not kept:
            kept.append(function())
        return kept[0]
    return inner

@memo
def names():
    return read("names.txt")

def listed(kept=[]):
    if not kept:
        kept.append(sorted(os.listdir("parts")))
    return kept[0]

def attribute():
    if not hasattr(attribute, "kept"):
        attribute.kept = read("attribute.txt")
    return attribute.kept

def plain():
    return "plain"
"""

HEAD = """
from typing import Annotated
from pathlib import Path
import lib
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("warm")
"""

STAGE = """
def {name}({argument}) -> Annotated[str, outputs.Out("{name}.txt", loaders.Text())]:
    {before}
    return str({value})

pipeline.register({name})
"""

FILES = ("vocab", "words", "rows", "settings", "names", "attribute")


def stage(name: str, value: str, *, reads: str = "", before: str = "pass") -> str:
    """Write one stage; `reads` is an input that it declares."""
    argument = f'text: Annotated[str, outputs.Dep("{reads}", loaders.Text())]' if reads else ""
    return STAGE.format(name=name, value=value, argument=argument, before=before)


def warm(project: Project, *stages: str) -> Project:
    """Write a pipeline whose stages share a library."""
    files = {f"{name}.txt": "one" for name in FILES}
    project.write({"lib.py": LIBRARY, "pipeline.py": HEAD + "".join(stages), **files})
    project.write({"limit.txt": "1", "parts/a.txt": "", "own.txt": "own"})
    return project


@pytest.mark.parametrize(
    ("value", "file"),
    [
        ("lib.vocab()", "vocab.txt"),
        ("lib.words()", "words.txt"),
        ("lib.limit()", "limit.txt"),
        ("lib.table.rows", "rows.txt"),
        ("lib.Settings.get()", "settings.txt"),
        ("lib.names()", "names.txt"),
        ("lib.attribute()", "attribute.txt"),
        ("lib.listed()", "parts/b.txt"),
    ],
)
def test_a_file_read_for_a_value_that_is_kept_counts_for_all_who_find_it(
    project: Project, value: str, file: str
) -> None:
    names = ("first", "second", "third")
    warm(project, *(stage(name, value) for name in names))
    everybody = {f"warm:{name}" for name in names}
    assert project.ran("-j", "1") == everybody
    assert project.outcomes("-j", "1") == {}
    project.write({file: "2"})
    assert project.ran("-j", "1") == everybody
    assert len({project.text(f"{name}.txt") for name in names}) == 1


def test_a_variable_read_for_a_value_that_is_kept_counts_for_all_who_find_it(project: Project) -> None:
    warm(project, stage("first", "lib.colour()"), stage("second", "lib.colour()"))
    project.pivot("run", "-j", "1", COLOUR="red")
    assert project.outcomes("-j", "1", COLOUR="red") == {}
    assert project.ran("-j", "1", COLOUR="blue") == {"warm:first", "warm:second"}


def test_it_counts_too_if_who_read_it_declared_it(project: Project) -> None:
    warm(project, stage("first", "lib.vocab()", reads="vocab.txt"), stage("second", "lib.vocab()"))
    project.pivot("run", "-j", "1")
    project.write({"vocab.txt": "two"})
    assert project.ran("-j", "1") == {"warm:first", "warm:second"}


def test_it_counts_too_if_who_read_it_failed(project: Project) -> None:
    warm(project, stage("first", "1 / 0", before="lib.vocab()"), stage("second", "lib.vocab()"))
    project.pivot("run", "-j", "1", "--keep-going", expect=None)
    project.write({"vocab.txt": "two"})
    assert "warm:second" in project.stale()


def test_a_stage_that_finds_nothing_kept_depends_on_nothing_of_it(project: Project) -> None:
    warm(project, stage("first", "lib.vocab()"), stage("second", "lib.plain()"))
    project.pivot("run", "-j", "1")
    project.write({"vocab.txt": "two"})
    assert project.ran("-j", "1") == {"warm:first"}


def test_what_a_stage_reads_besides_does_not_count_for_others(project: Project) -> None:
    own = 'lib.read("own.txt") + lib.vocab()'
    warm(project, stage("first", own), stage("second", "lib.vocab()"))
    project.pivot("run", "-j", "1")
    project.write({"own.txt": "other"})
    assert project.ran("-j", "1") == {"warm:first"}


def test_it_counts_across_pipelines(project: Project) -> None:
    warm(project)
    for name in ("one", "two"):
        text = HEAD.replace("import lib", "import sys; sys.path.insert(0, '..'); import lib") + stage(
            name, "lib.vocab()"
        )
        project.write({f"{name}/pipeline.py": text.replace('"warm"', f'"{name}"'), f"{name}/vocab.txt": "one"})
    (project / "pipeline.py").unlink()
    assert project.ran("-j", "1") == {"one:one", "two:two"}
    assert project.outcomes("-j", "1") == {}
    project.write({"one/vocab.txt": "2"})
    assert "one:one" in project.ran("-j", "1")
