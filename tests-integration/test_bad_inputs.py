"""What people get wrong: one line with the place and the cause, one with the next step, and the right exit code."""

import re
from collections.abc import Callable

import pytest

from outside import Ended, Project

Example = Callable[[str], Project]

PIPELINE = """
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("p")

def make({dep}) -> Annotated[str, outputs.Out("{out}", loaders.Text())]:
    return "made"

pipeline.register(make)
"""
STAGE = """
pipeline: p
stages:
  make:
    python: words.make
"""
WORDS = """
from typing import Annotated
from pivot import loaders, outputs

def make() -> Annotated[str, outputs.Out("made.txt", loaders.Text())]:
    return "made"

no_function = 3
"""


def pipeline(dep: str = "", out: str = "made.txt") -> dict[str, str]:
    """Give a pipeline.py of one stage."""
    argument = f'x: Annotated[str, outputs.Dep("{dep}", loaders.Text())]' if dep else ""
    return {"pipeline.py": PIPELINE.format(dep=argument, out=out)}


def yaml(text: str) -> dict[str, str]:
    """Give a pivot.yaml whose stage could be loaded."""
    return {"pivot.yaml": text, "words.py": WORDS}


def told(ended: Ended) -> str:
    """Check the shape of an error, and give the line that says what and where."""
    lines = ended.err.strip().splitlines()
    errors = [line for line in lines if line.startswith("pivot: error: ")]
    assert len(errors) == 1, ended.err
    assert "Traceback" not in ended.err, ended.err
    assert not ended.out
    assert lines[-1].strip().startswith("hint:"), ended.err
    return errors[0]


def refused(project: Project, files: dict[str, str], *command: str) -> str:
    """Write files, run a command that must be refused, and give what it says."""
    project.write(files)
    before = project.files()
    line = told(project.pivot(*(command or ("run",)), expect=2))
    assert project.files() == before
    return line


def test_a_missing_input_names_file_stage_and_place(project: Project) -> None:
    line = refused(project, pipeline(dep="nowhere.txt"))
    assert "nowhere.txt" in line
    assert "make" in line
    assert re.search(r"pipeline\.py:\d+", line)


def test_an_unknown_stage_brings_a_suggestion(project: Project) -> None:
    project.write(pipeline())
    ended = project.pivot("run", "mke", expect=2)
    assert "mke" in told(ended)
    assert "make" in ended.err.splitlines()[-1]


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 5000, "../make", "/make", "a//b"])
def test_what_is_no_name_of_a_stage_is_refused(project: Project, name: str) -> None:
    refused(project, pipeline(), "run", name)


@pytest.mark.parametrize("out", ["../../out.txt", "/out.txt", "", " ", "a\\0b", "a/../../../b", "x" * 300, ".pivot/x"])
def test_an_output_that_leaves_the_project_or_is_no_path_is_refused(project: Project, out: str) -> None:
    line = refused(project, pipeline(out=out))
    assert re.search(r"pipeline\.py(:\d+)?", line)


def test_an_output_through_a_link_that_leaves_the_project_is_refused(project: Project) -> None:
    (project / "../outside").mkdir()
    (project / "away").symlink_to("../outside")
    refused(project, pipeline(out="away/made.txt"))
    assert not list((project / "../outside").iterdir())


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("raise ValueError('no such colour')", ["pipeline.py:1", "no such colour"]),
        ("import helpers", ["helpers.py:2", "no such helper"]),
        ("import nowhere_to_be_found", ["pipeline.py:1", "nowhere_to_be_found"]),
        ("def broken(:", ["pipeline.py:1"]),
        ("import sys; sys.exit(0)", ["pipeline.py", "exit"]),
        ("x = 1", ["pipeline.py", "pipeline"]),
        ("pipeline = 3", ["pipeline.py", "int"]),
    ],
)
def test_a_pipeline_that_cannot_be_loaded_names_the_users_line(project: Project, source: str, parts: list[str]) -> None:
    # Where a pipeline is asked for by its directory, whatever the file says.
    files = {"pipeline.py": f"{source}\n# pivot\n", "helpers.py": "\nraise ValueError('no such helper')\n"}
    line = refused(project, files)
    for part in parts:
        assert part in line


def test_two_pipeline_files_in_one_directory_are_refused(project: Project) -> None:
    line = refused(project, {**pipeline(), **yaml(STAGE)})
    assert "pipeline.py" in line
    assert "pivot.yaml" in line


def test_two_pipelines_with_one_root_are_refused(project: Project) -> None:
    second = 'other = Pipeline("q")\nother.register(make)\npipeline.include(other)\n'
    files = pipeline()
    line = refused(project, {"pipeline.py": files["pipeline.py"] + second})
    assert "p" in line
    assert "q" in line


def test_an_input_that_is_the_stages_own_output_is_refused(project: Project) -> None:
    assert "made.txt" in refused(project, pipeline(dep="made.txt"))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (STAGE + "    outz: {x: y}\n", ["pivot.yaml:6", "outz"]),
        ("stagez: {}\n", ["pivot.yaml:1", "stagez"]),
        (STAGE.replace("words.make", "words.mke"), ["pivot.yaml:5", "mke"]),
        (STAGE.replace("words.make", "wrds.make"), ["pivot.yaml:5", "wrds"]),
        (STAGE.replace("words.make", "words.no_function"), ["pivot.yaml:5", "no_function"]),
        (STAGE + "    deps: 3\n", ["pivot.yaml:6", "deps"]),
        (STAGE + "  make:\n    python: words.make\n", ["pivot.yaml:6", "make"]),
        (STAGE + "    outs: {return: '${nowhere}.txt'}\n", ["pivot.yaml:6", "nowhere"]),
        ("", ["pivot.yaml", "stages"]),
        ("- a\n- b\n", ["pivot.yaml:1"]),
        ("stages:\n\tmake: 3\n", ["pivot.yaml:2"]),
        ("stages: {a: &a [1], b: !!python/object/apply:os.system ['touch canary']}\n", ["pivot.yaml:1"]),
    ],
)
def test_a_wrong_pivot_yaml_names_the_line(project: Project, text: str, parts: list[str]) -> None:
    project.write(yaml(text))
    ended = project.pivot("run", expect=2)
    for part in parts:
        assert part in " ".join([told(ended), ended.err])
    assert project.files() == {"pivot.yaml", "words.py"}


def test_a_wrong_key_of_pivot_yaml_brings_a_suggestion(project: Project) -> None:
    project.write(yaml(STAGE + "    outz: {x: y}\n"))
    assert "outs" in project.pivot("run", expect=2).err.splitlines()[-1]


def test_a_wrong_key_of_the_configuration_names_the_line(project: Project) -> None:
    line = refused(project, {**pipeline(), ".pivot/config.yaml": "cache:\n  dri: x\n"})
    assert "config.yaml:2" in line
    assert "dri" in line


@pytest.mark.parametrize("setting", ["make.nosuch=1", "nosuch.x=1", "make", "make.x", "=", ""])
def test_a_setting_that_names_no_parameter_is_refused(project: Project, setting: str) -> None:
    refused(project, pipeline(), "run", "--set", setting)


def test_a_field_of_params_yaml_that_no_stage_has_is_refused(example: Example) -> None:
    shop = example("shop")
    line = refused(shop, {"prices/params.yaml": "bill:\n  percnt: 3\n"})
    assert "params.yaml:2" in line
    assert "percnt" in line


@pytest.mark.parametrize("words", [["run", "--jobs", "0"], ["run", "-j", "abc"], ["nosuch"], ["run", "--nosuch"]])
def test_a_command_line_that_means_nothing_is_refused(project: Project, words: list[str]) -> None:
    refused(project, pipeline(), *words)


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "a/../../b"])
def test_checkout_leaves_what_lies_outside_alone(project: Project, path: str) -> None:
    refused(project, pipeline(), "checkout", path)


def test_a_broken_pipeline_elsewhere_is_a_warning(project: Project) -> None:
    project.write({f"a/{name}": text for name, text in pipeline().items()})
    project.write({"b/pipeline.py": "import pivot.pipeline\nraise ValueError('later')\n"})
    done = project.pivot("run", at="a")
    assert "b/pipeline.py" in done.err
    assert (project / "a/made.txt").is_file()


def test_a_reader_that_goes_away_is_no_crash(project: Project) -> None:
    project.write(pipeline())
    process = project.start("list", "--json")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    process.wait()


def test_a_locale_without_letters_is_enough(project: Project) -> None:
    project.write(pipeline())
    done = project.pivot("run", LANG="C", LC_ALL="C", PYTHONUTF8="0", TERM="dumb", COLUMNS="0")
    assert "1 ran" in done.err


def test_exit_codes_are_documented(project: Project) -> None:
    told = project.pivot("help", "exit-codes").out
    for code in ("0", "1", "2", "3", "4", "5", "70", "130"):
        assert re.search(rf"\b{code}\b", told)
