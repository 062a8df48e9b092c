"""Pipelines for people."""

from pathlib import Path
from typing import Annotated, Any

from pivot.loaders import PathOnly, Text
from pivot.outputs import Dep, DirectoryOut, Out
from pivot.pipeline import Pipeline


def clean(rows: Annotated[str, Dep("rows.txt", Text())]) -> Annotated[str, Out("clean.txt", Text())]: ...


def split(rows: Annotated[str, Dep("clean.txt", Text())]) -> Annotated[Any, DirectoryOut("parts", PathOnly())]: ...


def report(part: Annotated[str, Dep("../a/parts/one.txt", Text())]) -> Annotated[str, Out('<"b">.html', Text())]: ...


def test_the_graph_shows_what_flows_between_stages(tmp_path: Path) -> None:
    a, b = Pipeline("a", tmp_path / "a"), Pipeline("b", tmp_path / "b")
    a.register(clean)
    a.register(split)
    b.register(report, variant="x")
    b.include(a)
    assert b.to_mermaid() == (
        "flowchart TD\n"
        '    n_b_3a_report_40_x["report@x"]\n'
        '    subgraph n_a_3a_["a"]\n'
        '        n_a_3a_clean["clean"]\n'
        '        n_a_3a_split["split"]\n'
        "    end\n"
        '    n_a_3a_split -->|"../a/parts/one.txt"| n_b_3a_report_40_x\n'
        '    n_a_3a_clean -->|"clean.txt"| n_a_3a_split\n'
    )


def test_a_notebook_shows_a_table_with_everything_escaped(tmp_path: Path) -> None:
    made = Pipeline("b", tmp_path)
    made.register(report)
    shown = made._repr_html_()
    assert "<td>report</td><td>../a/parts/one.txt</td><td>&lt;&quot;b&quot;&gt;.html</td>" in shown
    assert "<pre>flowchart TD" in shown
