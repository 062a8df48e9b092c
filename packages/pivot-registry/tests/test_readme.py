"""The examples of the README do what they say."""

import re
from pathlib import Path
from typing import Any

import pytest

README = Path(__file__).parent.parent / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_the_example_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    exec(EXAMPLES[0], {"__name__": "readme_example"})
    assert capsys.readouterr().out.splitlines() == re.findall(r"^# (.*)$", EXAMPLES[0], re.MULTILINE)


def test_the_loader_of_the_example_loads_what_it_saves(tmp_path: Path) -> None:
    space: dict[str, Any] = {"__name__": "readme_loader"}
    exec(EXAMPLES[1], space)
    space["Lines"](";").save(["a", "b"], tmp_path / "x")
    assert space["Lines"](";").load(tmp_path / "x") == ["a", "b"]
