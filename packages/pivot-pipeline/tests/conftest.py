"""Small projects on disk."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

STAGES = """
from __future__ import annotations
from pathlib import Path
from typing import Annotated, Any, TypedDict
from pivot import loaders, outputs
from pivot.stage_def import StageParams

class CleanParams(StageParams):
    region: str = "us"
    rate: float = 0.1

class Outputs(TypedDict):
    model: Annotated[Any, outputs.Out("model.json", loaders.JSON())]
    score: Annotated[Any, outputs.Metric("score.json")]

def clean(
    params: CleanParams, rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]
) -> Annotated[str, outputs.Out("clean.txt", loaders.Text())]:
    return rows

def train(rows: Annotated[str, outputs.PlaceholderDep(loaders.Text())]) -> Outputs:
    return {"model": rows, "score": 1}

def bare(rows, table: dict, folder: Path, limit=3): ...

def typed(rows: str) -> dict: ...

def draw() -> object: ...

class Trainer:
    @staticmethod
    def fit(): ...

number = 3
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Callable[[Mapping[str, str]], Path]]:
    """Write files, and `stages.py` unless given."""
    counter = itertools.count()

    def write(files: Mapping[str, str]) -> Path:
        root = tmp_path / f"project{next(counter)}"
        for name, text in {"stages.py": STAGES, **files}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return root

    return write
