from collections.abc import Sequence
from pathlib import Path

import pytest
from engine_fakes import ref, stage

from pivot.engine.graph import build_graph, check_inputs, check_places
from pivot.registry.definition import OutputKind, StageDefinition
from pivot.registry.errors import DefinitionError
from pivot.registry.types import StageRef

ROOT = Path("/project")


def names(*texts: str) -> list[object]:
    return [ref(text) for text in texts]


def refused(*stages: StageDefinition) -> str:
    with pytest.raises(DefinitionError) as caught:
        ordered(stages)
    return str(caught.value)


def ordered(stages: Sequence[StageDefinition]) -> list[StageRef]:
    graph = build_graph(stages, ROOT)
    return graph.order(graph.stages)


def test_a_dependency_on_another_pipelines_output_is_an_edge() -> None:
    graph = build_graph(
        [
            stage("b:train", ROOT / "b", ["../a/rows.csv"], ["model.json"]),
            stage("a:clean", ROOT / "a", ["raw.csv"], ["rows.csv"]),
        ],
        ROOT,
    )
    assert graph.order(graph.stages) == names("a:clean", "b:train")
    assert graph.upstream([ref("b:train")]) == set(names("a:clean", "b:train"))


def test_two_pipelines_may_have_a_stage_of_the_same_name() -> None:
    graph = build_graph([stage("a:train", ROOT / "a", (), ["m"]), stage("b:train", ROOT / "b", (), ["m"])], ROOT)
    assert len(graph.stages) == 2


def test_a_file_in_a_directory_output_comes_from_its_stage() -> None:
    made = stage("a:make", ROOT / "a", (), ["parts"], kind=OutputKind.DIRECTORY)
    graph = build_graph([made, stage("a:use", ROOT / "a", ["parts/one.csv"], ["x"])], ROOT)
    assert graph.needs[ref("a:use")] == {ref("a:make")}


def test_a_directory_input_needs_everybody_who_writes_into_it() -> None:
    graph = build_graph(
        [
            stage("a:one", ROOT / "a", (), ["data/1.csv"]),
            stage("a:two", ROOT / "a", (), ["data/2.csv"]),
            stage("a:other", ROOT / "a", (), ["data2/2.csv"]),
            stage("a:use", ROOT / "a", ["data"], ["x"]),
        ],
        ROOT,
    )
    assert graph.needs[ref("a:use")] == set(names("a:one", "a:two"))


def test_a_cycle_through_two_pipelines_names_its_stages_and_their_files() -> None:
    text = refused(
        stage("a:one", ROOT / "a", ["../b/y"], ["x"]),
        stage("b:two", ROOT / "b", ["../a/x"], ["y"]),
    )
    assert "a:one" in text
    assert "b:two" in text
    assert "a/pipeline.py:1" in text
    assert "b/pipeline.py:1" in text


def test_two_producers_of_one_file_are_refused() -> None:
    text = refused(stage("a:one", ROOT / "a", (), ["../x"]), stage("b:two", ROOT / "b", (), ["../x"]))
    assert "a:one (a/pipeline.py:1)" in text
    assert "b:two (b/pipeline.py:1)" in text


def test_an_output_inside_another_stages_directory_is_refused() -> None:
    text = refused(
        stage("a:one", ROOT / "a", (), ["d"], kind=OutputKind.DIRECTORY), stage("a:two", ROOT / "a", (), ["d/x"])
    )
    assert "which contains" in text


@pytest.mark.parametrize("out", ["../../elsewhere/x", "../.."])
def test_an_output_outside_the_project_is_refused(out: str) -> None:
    assert "leaves the project" in refused(stage("a:one", ROOT / "a", (), [out]))


def test_an_input_may_lie_outside_the_project_only_by_its_absolute_path() -> None:
    assert "leaves the project" in refused(stage("a:one", ROOT / "a", ["../../x"], ["y"]))
    assert build_graph([stage("a:one", ROOT / "a", ["/data/x"], ["y"])], ROOT).stages


@pytest.mark.parametrize("out", [".pivot/x", ".git/x", "b/.pivot/stages/x"])
def test_an_output_among_pivots_or_gits_files_is_refused(out: str) -> None:
    assert "not for outputs" in refused(stage("a:one", ROOT / "a", (), [out]))


def test_a_stage_that_reads_its_own_output_is_refused() -> None:
    assert "reads its own output" in refused(stage("a:one", ROOT / "a", ["x"], ["x"]))


def test_an_incremental_stage_may_read_its_own_output() -> None:
    both = stage("a:one", ROOT / "a", ["x"], ["x"], kind=OutputKind.INCREMENTAL)
    assert build_graph([both], ROOT).needs[ref("a:one")] == frozenset()


def test_two_pipelines_with_one_root_are_refused() -> None:
    text = refused(stage("a:one", ROOT / "a", (), ["x"]), stage("b:two", ROOT / "a", (), ["y"]))
    assert "'a' (a/pipeline.py:1)" in text
    assert "'b' (b/pipeline.py:1)" in text


def test_two_pipelines_of_one_name_are_refused() -> None:
    text = refused(stage("a:one", ROOT / "a", (), ["x"]), stage("a:one", ROOT / "b", (), ["x"]))
    assert "two pipelines are called 'a'" in text


def test_two_pipelines_of_one_name_are_refused_even_if_no_stage_has_the_others_name() -> None:
    text = refused(stage("a:one", ROOT / "a", (), ["x"]), stage("a:two", ROOT / "b", (), ["x"]))
    assert "two pipelines are called 'a'" in text


def test_an_output_that_a_link_takes_out_of_the_project_is_refused(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "project" / "away").symlink_to("../outside")
    one = stage("a:one", tmp_path / "project", (), ["away/x"])
    graph = build_graph([one], tmp_path / "project")
    with pytest.raises(DefinitionError, match="through a symbolic link"):
        check_places(graph, [one.ref], tmp_path / "project")


def test_the_same_pipeline_twice_is_one() -> None:
    one = stage("a:one", ROOT / "a", (), ["x"])
    assert len(build_graph([one, one._replace(place="elsewhere")], ROOT).stages) == 1


def test_an_input_that_nobody_makes_and_that_is_not_there_is_refused_with_a_guess(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").touch()
    graph = build_graph([stage("a:one", tmp_path, ["row.csv"], ["x"])], tmp_path)
    with pytest.raises(DefinitionError, match=r"row.csv of stage a:one does not exist[\s\S]*Did you mean rows.csv"):
        check_inputs(graph, graph.stages, lambda path: Path(path).exists())


def test_a_link_to_nowhere_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").symlink_to("/mnt/gone/rows.csv")
    graph = build_graph([stage("a:one", tmp_path, ["rows.csv"], ["x"])], tmp_path)
    with pytest.raises(DefinitionError, match=r"It is a link to /mnt/gone/rows\.csv, which is not there"):
        check_inputs(graph, graph.stages, lambda path: Path(path).exists())


def test_a_pattern_is_told_not_to_be_a_path(tmp_path: Path) -> None:
    (tmp_path / "raw.txt").touch()
    graph = build_graph([stage("a:one", tmp_path, ["*.txt"], ["x"])], tmp_path)
    with pytest.raises(DefinitionError, match="Patterns are not expanded"):
        check_inputs(graph, graph.stages, lambda path: Path(path).exists())


def test_the_graph_is_there_for_networkx_too() -> None:
    graph = build_graph([stage("a:one", ROOT, (), ["x"]), stage("a:two", ROOT, ["x"], ["y"])], ROOT)
    drawn = graph.to_networkx()
    assert set(drawn.nodes) == set(names("a:one", "a:two"))
    assert list(drawn.edges) == [(ref("a:one"), ref("a:two"))]


def test_a_chain_of_ten_thousand_stages_is_sorted() -> None:
    chain = [stage(f"a:s{i}", ROOT, [f"f{i}"] if i else (), [f"f{i + 1}"]) for i in reversed(range(10_000))]
    order = build_graph(chain, ROOT).order([item.ref for item in chain])
    assert order[0] == ref("a:s0")
    assert order[-1] == ref("a:s9999")
