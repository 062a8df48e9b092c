"""The examples of the README do what they say."""

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from pivot.pipeline import Pipeline
from pivot.pipeline.params import with_params_files
from pivot.pipeline.yaml import load_pipeline_from_yaml

README = Path(__file__).parent.parent / "README.md"
STAGES = """
from typing import Annotated
from pivot import loaders, outputs
from pivot.stage_def import StageParams

class CleanParams(StageParams):
    region: str

class ReportParams(StageParams):
    lines: int = 10

Rows = Annotated[str, outputs.PlaceholderDep(loaders.Text())]
def clean(params: CleanParams, rows: Rows) -> Annotated[str, outputs.Out("clean.txt", loaders.Text())]: ...
def report(params: ReportParams) -> Annotated[str, outputs.Out("report.txt", loaders.Text())]: ...
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def said(code: str) -> str:
    """Collect the comments after prints."""
    lines = code[code.index("print(") :].splitlines()
    return "\n".join(line[2:] for line in lines if line.startswith("# "))


def test_the_python_example_prints_what_it_says(tmp_path: Path) -> None:
    (code,) = blocks("python")
    (tmp_path / "pipeline.py").write_text(code, encoding="utf-8")
    command = [sys.executable, str(tmp_path / "pipeline.py")]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == said(code).strip()


def test_the_yaml_examples_are_right(project: Callable[[Mapping[str, str]], Path]) -> None:
    params, config = blocks("yaml")
    root = project({"pivot.yaml": config, "stages.py": STAGES, "params.yaml": params})
    made = load_pipeline_from_yaml(root / "pivot.yaml")
    assert made.list_stages() == ["clean@us", "clean@gb", "report@short", "report@long"]
    assert made.get("clean@gb")["deps_paths"] == ["data/raw/gb.txt"]
    assert made.get("report@short")["params"].lines == 3


def test_the_parameters_example_fits_the_python_example(tmp_path: Path) -> None:
    (code,), (params, _) = blocks("python"), blocks("yaml")
    (tmp_path / "params.yaml").write_text(params)
    space: dict[str, object] = {"__file__": str(tmp_path / "pipeline.py"), "__name__": "example"}
    exec(code, space)
    made = space["pipeline"]
    assert isinstance(made, Pipeline)
    assert made.with_parts(with_params_files(made.parts())).get("clean")["params"].keep_empty
