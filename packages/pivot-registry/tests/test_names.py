"""What stages and pipelines may be called."""

import pytest

from pivot.registry.errors import DefinitionError
from pivot.registry.names import pipeline_name, stage_name


@pytest.mark.parametrize("name", ["train", "train@us,gb", "a.b-c+d=1", "_x", "9", "größe", "x" * 200])
def test_these_can_be_stages(name: str) -> None:
    assert stage_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a b",
        "a/b",
        "../train",
        "/abs",
        ".",
        "..",
        ".hidden",
        "-rf",
        "@x",
        "a\nb",
        "a:b",
        "a\0",
        "x" * 201,
        "a\\b",
        "cafe\u0301",
        "<lambda>",
        "a*",
        3,
        None,
    ],
)
def test_these_cannot_be_stages(name: object) -> None:
    with pytest.raises(DefinitionError, match="cannot be the name of a stage") as caught:
        stage_name(name, "pipeline.py:3")
    assert caught.value.where == "pipeline.py:3"
    assert "letters, digits and _-.@=+," in str(caught.value.hint)


@pytest.mark.parametrize("name", ["model", "my project", "test_x[1-2]0", "データ"])
def test_these_can_be_pipelines(name: str) -> None:
    assert pipeline_name(name) == name


@pytest.mark.parametrize("name", ["", " a", "a ", "a:b", "a/b", "a\\b", "a\tb", "-x", "x" * 201, 1])
def test_these_cannot_be_pipelines(name: object) -> None:
    with pytest.raises(DefinitionError, match="cannot be the name of a pipeline"):
        pipeline_name(name)


def test_a_long_name_is_shown_short() -> None:
    with pytest.raises(DefinitionError) as caught:
        stage_name("x" * 5000)
    assert len(str(caught.value)) < 300
