"""A symbolic link that is followed by its text, as `resolve` does: where it leads counts."""

import pytest

from outside import Project

PIPELINE = """
import pathlib
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("links")
HERE = pathlib.Path(__file__).parent
AT_IMPORT = (HERE / "latest").resolve()

def in_body() -> Annotated[str, outputs.Out("in_body.txt", loaders.Text())]:
    return (pathlib.Path("latest").resolve() / "model").read_text()

def at_import() -> Annotated[str, outputs.Out("at_import.txt", loaders.Text())]:
    return (AT_IMPORT / "model").read_text()

def declared(
    model: Annotated[pathlib.Path, outputs.Dep("latest/model", loaders.PathOnly())],
) -> Annotated[str, outputs.Out("declared.txt", loaders.Text())]:
    return model.resolve().read_text()

for each in (in_body, at_import, declared):
    pipeline.register(each)
"""


@pytest.fixture
def linked(project: Project) -> Project:
    project.write({"pipeline.py": PIPELINE, "v1/model": "one", "v2/model": "two"})
    (project / "latest").symlink_to("v1")
    project.pivot("run")
    assert project.outcomes() == {}
    return project


def test_a_link_that_leads_elsewhere_is_a_change(linked: Project) -> None:
    (linked / "latest").unlink()
    (linked / "latest").symlink_to("v2")
    assert linked.ran() == {"links:in_body", "links:at_import", "links:declared"}
    assert {linked.text(f"{name}.txt") for name in ("in_body", "at_import", "declared")} == {"two"}
    assert linked.outcomes() == {}
    (linked / "latest").unlink()
    (linked / "latest").symlink_to("v1")
    assert set(linked.outcomes().values()) == {"restored"}
    assert linked.text("in_body.txt") == "one"


def test_a_new_file_where_a_link_leads_is_none(linked: Project) -> None:
    linked.write({"v1/other": "one"})
    assert linked.outcomes() == {}
