"""Values of parameters that Python takes for equal, and a stage does not: the command runs, and restores what fits."""

import pytest

from outside import Project

PIPELINE = """
from typing import Annotated, Any
from pivot import loaders, outputs
from pivot.pipeline import Pipeline
from pivot.stage_def import StageParams

pipeline = Pipeline("told")

class Params(StageParams):
    value: Any = None

def tell(params: Params) -> Annotated[str, outputs.Out("told.txt", loaders.Text())]:
    return repr(params.value)

pipeline.register(tell, params=Params(value=VALUE))
"""


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("1", "1.0"),
        ("1", "True"),
        ("0.0", "-0.0"),
        ("[0]", "[False]"),
        ("{'b': 1, 'a': 2}", "{'a': 2, 'b': 1}"),
        ("{'x': {'b': 1, 'a': 2}}", "{'x': {'a': 2, 'b': 1}}"),
    ],
)
def test_an_edited_parameter_counts_as_the_stage_sees_it(project: Project, first: str, second: str) -> None:
    for value in (first, second):
        project.write({"pipeline.py": PIPELINE.replace("VALUE", value)})
        assert project.ran() == {"told:tell"}
        assert project.text("told.txt") == value
        assert project.outcomes() == {}
    project.write({"pipeline.py": PIPELINE.replace("VALUE", first)})
    assert project.outcomes() == {"told:tell": "restored"}
    assert project.text("told.txt") == first


@pytest.mark.parametrize(("default", "given"), [("1", "1.0"), ("1", "true"), ("0.0", "-0.0")])
def test_a_parameter_set_for_once_is_what_the_stage_gets(project: Project, default: str, given: str) -> None:
    project.write({"pipeline.py": PIPELINE.replace("VALUE", default)})
    project.pivot("run")
    assert project.ran("--set", f"tell.value={given}") == {"told:tell"}
    assert project.text("told.txt") == given.title()
    assert project.outcomes() == {"told:tell": "restored"}
    assert project.text("told.txt") == default
