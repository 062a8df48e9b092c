"""Every case of the library, without pipeline, engine and command: identity, observation, and a clean run."""

import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import pytest


def _load(name: str) -> types.ModuleType:
    path = Path(__file__).parents[1] / "cases" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"pivot_cases_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


library, driver = _load("library"), _load("driver")
pytestmark = pytest.mark.unmeasured


@pytest.mark.parametrize("case", library.cases(), ids=lambda case: case.id)
def test_a_stage_runs_again_exactly_when_it_must(case: Any, tmp_path: Path) -> None:
    for name in case.needs:
        pytest.importorskip(name)
    place = library.build(case, tmp_path / "project")
    before = driver.run(place.root, place.environ, place.flags)
    watched = driver.watched(place.root, place.environ, before)
    judged = driver.judge(place.root, place.environ, before, watched, place.flags)

    again = driver.run(place.root, place.environ, place.flags)
    if case.expects != "unseen":
        now = driver.judge(place.root, place.environ, again, watched, place.flags)
        assert driver.differences(judged, now) == [], "stale without an edit"

    edited = library.edit(case, place)
    after = driver.run(edited.root, edited.environ, edited.flags)
    now = driver.judge(edited.root, edited.environ, after, watched, edited.flags)
    different = driver.differences(judged, now)
    if case.expects == "reruns":
        assert after.output != before.output, "the case itself is wrong: the edit changes nothing"
        assert different, "a false skip"
        assert different != ["code"], "the difference has no name"
    if case.expects == "fresh":
        assert after.output == before.output, "the case itself is wrong: the edit changes the output"
        assert different == [], "a false rerun"


def test_the_library_is_large_and_its_names_are_unique() -> None:
    cases = library.cases()
    assert len(cases) >= 300
    assert len({case.id for case in cases}) == len(cases)
