import json

import pytest


@pytest.mark.usefixtures("project")
def test_below_each_stage_is_what_it_needs_of_any_pipeline(pivot) -> None:
    result = pivot("dag", at="model")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == ["report", "`-- train", "    `-- clean"]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("shape", "start"), [("mermaid", "flowchart LR"), ("dot", "digraph pivot {")])
def test_other_tools_can_draw_it(pivot, shape: str, start: str) -> None:
    assert pivot("dag", "--format", shape).stdout.startswith(start)


@pytest.mark.usefixtures("project")
def test_json_has_nodes_and_edges_of_what_is_selected(pivot) -> None:
    data = json.loads(pivot("dag", "--json", "train").stdout)
    assert data["edges"] == [{"from": "features:clean", "to": "model:train"}]
