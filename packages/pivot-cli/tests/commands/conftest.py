"""Real projects in temporary directories, and the real command in this process.

A project that is to have run is built once for all tests, and each gets a copy: a run starts workers.
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pivot.cli import cli

HEAD = """
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline
from pivot.stage_def import StageParams
"""

FEATURES = f"""{HEAD}
import words

pipeline = Pipeline("features")

@pipeline.stage()
def clean(
    text: Annotated[str, outputs.Dep("raw.txt", loaders.Text())],
) -> Annotated[list, outputs.Out("clean.json", loaders.JSON())]:
    return words.split(text)
"""

WORDS = """
def split(text):
    return text.split()
"""

MODEL = f"""{HEAD}
pipeline = Pipeline("model")

class TrainParams(StageParams):
    rate: float = 0.1

@pipeline.stage(params=TrainParams())
def train(
    params: TrainParams,
    rows: Annotated[list, outputs.Dep("../features/clean.json", loaders.JSON())],
) -> Annotated[dict, outputs.Out("model.json", loaders.JSON())]:
    return {{"rate": params.rate, "rows": len(rows)}}

@pipeline.stage()
def report(
    model: Annotated[dict, outputs.Dep("model.json", loaders.JSON())],
) -> Annotated[dict, outputs.Metric("report.json")]:
    return model
"""

LOUD = """
import sys
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("loud")
TEXT = loaders.Text()

@pipeline.stage()
def speak(text: Annotated[str, outputs.Dep("a.txt", TEXT)]) -> Annotated[str, outputs.Out("b.txt", TEXT)]:
    print(f"\\x1b[1mreading {text}\\x1b[0m")
    sys.stderr.buffer.write(b"\\xff raw\\n")
    return text

@pipeline.stage()
def silent(text: Annotated[str, outputs.Dep("b.txt", TEXT)]) -> Annotated[str, outputs.Out("c.txt", TEXT)]:
    return text
"""

Write = Callable[[str, str], Path]
Pivot = Callable[..., Result]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of the project."""

    def write(path: str, text: str) -> Path:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    return write


FILES = {
    ".pivot/config.yaml": "run: {jobs: 1}\n",
    "features/pipeline.py": FEATURES,
    "features/words.py": WORDS,
    "features/raw.txt": "one two",
    "model/pipeline.py": MODEL,
}


def make(root: Path, files: Mapping[str, str] = FILES) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def run(at: Path, *words: str) -> None:
    result = CliRunner().invoke(cli, ["run", "-C", str(at), *words])
    assert result.exit_code == 0, result.output


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two pipelines, of which `model` needs `features`; nothing has run."""
    return make(tmp_path)


@pytest.fixture(scope="session")
def _ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make(tmp_path_factory.mktemp("ran"))
    run(root)
    return root


@pytest.fixture(scope="session")
def _twice(_ran: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = shutil.copytree(_ran, tmp_path_factory.mktemp("twice"), dirs_exist_ok=True)
    run(root / "model", "--force", "train")
    return root


@pytest.fixture(scope="session")
def _loud(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("loud")
    for text in ("one", "two"):
        run(make(root, {".pivot/config.yaml": "run: {jobs: 1}\n", "pipeline.py": LOUD, "a.txt": text}))
    return root


@pytest.fixture
def ran(_ran: Path, tmp_path: Path) -> Path:
    """The same project after a run."""
    return shutil.copytree(_ran, tmp_path, dirs_exist_ok=True)


@pytest.fixture
def twice(_twice: Path, tmp_path: Path) -> Path:
    """After a first run, in which all ran, a second one of `model` only."""
    return shutil.copytree(_twice, tmp_path, dirs_exist_ok=True)


@pytest.fixture
def loud(_loud: Path, tmp_path: Path) -> Path:
    """A stage that speaks has run with `one` and then with `two`."""
    return shutil.copytree(_loud, tmp_path, dirs_exist_ok=True)


@pytest.fixture
def pivot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pivot:
    """Call the command in the project, or in a directory of it, with an environment of its own."""
    for name in ("PIVOT_PROJECT_ROOT", "PIVOT_CACHE_DIR", "PIVOT_TRACEBACK", "FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_ALL", "C")

    def call(*words: str, at: str = ".") -> Result:
        return CliRunner().invoke(cli, [words[0], "-C", str(tmp_path / at), *words[1:]])

    return call
