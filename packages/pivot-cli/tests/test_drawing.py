import json

import pytest

from pivot.cli.drawing import Drawing, dot, graph_json, mermaid, tree
from pivot.cli.spelling import Spelling


@pytest.fixture
def diamond(refs) -> Drawing:
    raw, left, right, end = refs("a:raw", "a:left", 'b:ri"ght', "b:end")
    needs = {raw: [], left: [raw], right: [raw], end: [left, right]}
    return Drawing([raw, left, right, end], needs, Spelling(needs))


def test_the_tree_shows_below_each_stage_what_it_needs(diamond: Drawing) -> None:
    assert list(tree(diamond._replace(unicode=True))) == [
        "end",
        "├── left",
        "│   └── raw",
        '└── ri"ght',
        "    └── raw",
    ]


def test_a_branch_that_was_drawn_before_is_only_marked(refs) -> None:
    raw, clean, one, two = refs("a:raw", "a:clean", "a:one", "a:two")
    needs = {raw: [], clean: [raw], one: [clean], two: [clean]}
    drawing = Drawing([raw, clean, one, two], needs, Spelling(needs))
    assert list(tree(drawing)) == ["one", "`-- clean", "    `-- raw", "two", "`-- clean (*)"]


def test_a_chain_longer_than_the_stack_of_python_is_drawn(refs) -> None:
    chain = refs(*(f"a:s{index}" for index in range(5000)))
    needs = {ref: chain[index - 1 : index] if index else [] for index, ref in enumerate(chain)}
    assert len(list(tree(Drawing(chain, needs, Spelling(chain))))) == 5000


def test_mermaid_groups_by_pipeline_and_escapes_names(diamond: Drawing) -> None:
    text = "\n".join(mermaid(diamond))
    assert text.startswith('flowchart LR\n  subgraph p0["a"]')
    assert 's2["ri&quot;ght"]' in text
    assert "  s1 --> s3" in text


def test_dot_groups_by_pipeline_and_escapes_names(diamond: Drawing) -> None:
    text = "\n".join(dot(diamond))
    assert '"b:ri\\"ght" [label="ri\\"ght"];' in text
    assert '"a:raw" -> "a:left";' in text
    assert text.count("subgraph") == 2


def test_json_has_nodes_and_edges(diamond: Drawing) -> None:
    data = json.loads("".join(graph_json(diamond)))
    assert data["schema_version"] == 1
    assert data["nodes"][0] == {"pipeline": "a", "stage": "raw"}
    assert {"from": "a:left", "to": "b:end"} in data["edges"]
