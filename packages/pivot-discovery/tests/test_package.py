"""Rules for the package as a whole."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pivot.discovery

README = Path(__file__).parents[1] / "README.md"


@pytest.mark.parametrize("name", pivot.discovery.__all__)
def test_every_public_name_is_what_it_says_however_it_is_reached(name: str) -> None:
    code = f"from pivot.discovery import {name}; import types; assert not isinstance({name}, types.ModuleType)"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert name in dir(pivot.discovery)


def test_another_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        getattr(importlib.import_module("pivot.discovery"), "nothing")  # noqa: B009


def test_the_example_runs(tmp_path: Path) -> None:
    (tmp_path / "pipeline.py").write_text("from pivot.pipeline import Pipeline\npipeline = Pipeline('p')\n")
    found = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert found is not None
    run = subprocess.run([sys.executable, "-c", found[1]], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout == "pipeline.py p []\n"
