"""The README's examples are run as they stand there."""

import re
import runpy
from pathlib import Path

from outside import Project

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(title: str) -> str:
    """Give the first code block below a heading."""
    found = re.search(rf"^## {title}$.*?^```\w*\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def test_the_first_pipeline_runs_as_it_stands(project: Project) -> None:
    project.write({"pipeline.py": block("A first pipeline"), "words.txt": "to be or not to be\n"})
    assert project.ran() == {"words:count", "words:top"}
    assert project.text("top.txt") == "to: 2\nbe: 2\n"
    project.edit("words.txt", "not to be", "to be not")
    assert project.ran() == {"words:count"}  # the same counts again: what follows is not touched


def test_every_exit_code_of_the_readme_is_the_commands(project: Project) -> None:
    listed = dict(re.findall(r"^\| (\d+) \| (.+?) \|$", README, re.MULTILINE))
    told = project.pivot("help", "exit-codes").out
    assert set(listed) >= {"0", "1", "2", "3", "4", "5", "70", "130"}
    for code in listed:
        assert re.search(rf"\b{code}\b", told)


def test_the_two_commands_are_those_of_ci() -> None:
    commands = block("Two commands").splitlines()
    assert commands[-1] in (ROOT / ".ci/run").read_text(encoding="utf-8").replace('"$python"', "python3")


def test_the_tables_of_what_counts_are_those_of_the_case_library() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "cases_table.py"))
    cases = runpy.run_path(str(tool["LIBRARY"]))["cases"]()
    hint = "run `python tools/cases_table.py --write`"
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert tool["readme"](text, cases) == text, hint
    assert tool["document"](cases) == tool["CASES"].read_text(encoding="utf-8"), hint
