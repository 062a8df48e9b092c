import json

import pytest


@pytest.mark.usefixtures("project")
def test_the_stages_of_the_place_are_listed_with_outputs_and_definition(pivot) -> None:
    result = pivot("list", at="features")
    assert result.exit_code == 0, result.output
    name, outs, place = result.stdout.split()
    assert (name, outs) == ("clean", "clean.json")
    assert place.startswith("features/pipeline.py:")


@pytest.mark.usefixtures("project")
def test_all_lists_the_whole_project(pivot) -> None:
    lines = pivot("list", "--all", at="features").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["clean", "train", "report"]


@pytest.mark.usefixtures("project")
def test_json_has_the_definitions(pivot) -> None:
    data = json.loads(pivot("list", "--json", "train").stdout)
    assert data["schema_version"] == 1
    (stage,) = data["stages"]
    assert (stage["pipeline"], stage["stage"]) == ("model", "train")
    assert stage["inputs"] == {"rows": ["../features/clean.json"]}
    assert stage["outputs"]["return"]["paths"] == ["model.json"]
    assert stage["params"] == {"rate": 0.1}


@pytest.mark.usefixtures("project")
def test_a_stage_that_two_pipelines_have_is_written_with_its_pipeline(pivot, write) -> None:
    write(
        "other/pipeline.py",
        "from pivot.pipeline import Pipeline\npipeline = Pipeline('other')\n"
        "@pipeline.stage()\ndef train() -> None: ...\n",
    )
    lines = pivot("list").stdout.splitlines()
    assert {line.split()[0] for line in lines} == {"clean", "model:train", "other:train", "report"}
