import json

import pytest


@pytest.mark.usefixtures("project")
def test_a_healthy_project_has_no_problem(pivot) -> None:
    result = pivot("doctor")
    assert result.exit_code == 0, result.output
    assert "model/pipeline.py" in result.stdout
    assert "pipeline features, 1 stage" in result.stdout


@pytest.mark.usefixtures("project")
def test_a_broken_pipeline_is_a_problem(pivot, write) -> None:
    write("broken/pipeline.py", "from pivot.pipeline import Pipeline\nraise RuntimeError('boom')\n")
    result = pivot("doctor", "--json")
    assert result.exit_code == 2
    levels = {finding["about"]: finding["level"] for finding in json.loads(result.stdout)["findings"]}
    assert levels["broken/pipeline.py"] == "problem"


@pytest.mark.usefixtures("project")
def test_a_pipeline_that_differs_at_every_load_is_noted_with_the_cause(pivot, write) -> None:
    write(
        "late/pipeline.py",
        "import time\nfrom pivot.pipeline import Pipeline\npipeline = Pipeline('late')\nNOW = time.time()\n",
    )
    pivot("list")
    lines = pivot("doctor").stdout.splitlines()
    (line,) = [line for line in lines if "late/pipeline.py" in line.split("cannot")[0]]
    assert "cannot be taken from its snapshot" in line
