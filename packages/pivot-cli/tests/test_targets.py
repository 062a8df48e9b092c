from pathlib import Path

import pytest

from pivot.cli.targets import Targets
from pivot.registry.errors import DefinitionError


@pytest.fixture
def stages(make_stage, by_ref):
    return by_ref(
        [
            make_stage("features:clean", outs=["clean.csv", "../data/shared.csv"]),
            make_stage("features:split", ["clean.csv"], ["parts/"]),
            make_stage("model:clean", outs=["rows.csv"]),
            make_stage("model:train@us", ["rows.csv"], ["us/model.json"]),
            make_stage("model:train@gb", ["rows.csv"], ["gb/model.json"]),
            make_stage("model:report", ["us/model.json"], ["report.md"]),
        ]
    )


@pytest.fixture
def targets(stages, tmp_path: Path) -> Targets:
    """As seen from the directory of `model`."""
    return Targets(stages, tmp_path / "model", [ref for ref in stages if ref.pipeline == "model"])


def found(targets: Targets, *words: str) -> list[str]:
    return [str(ref) for ref in targets.find(words)]


def test_a_name_means_the_stage_of_the_near_pipeline(targets: Targets) -> None:
    assert found(targets, "clean") == ["model:clean"]


def test_a_name_with_its_pipeline_means_that_pipeline(targets: Targets) -> None:
    assert found(targets, "features:clean") == ["features:clean"]


def test_a_name_that_is_not_near_is_found_in_the_whole_project(targets: Targets) -> None:
    assert found(targets, "split") == ["features:split"]


def test_a_variant_is_named_in_full(targets: Targets) -> None:
    assert found(targets, "train@us", "model:train@gb") == ["model:train@us", "model:train@gb"]


@pytest.mark.parametrize("word", ["train", "model:train"])
def test_a_name_without_variant_means_all_variants(targets: Targets, word: str) -> None:
    assert found(targets, word) == ["model:train@us", "model:train@gb"]


def test_a_name_of_two_far_pipelines_is_ambiguous_and_both_spellings_are_named(stages, tmp_path: Path) -> None:
    with pytest.raises(DefinitionError) as caught:
        Targets(stages, tmp_path, ()).find(["clean"])
    assert "features:clean and model:clean" in caught.value.what
    assert caught.value.hint == "Say which: features:clean or model:clean."


@pytest.mark.parametrize("word", ["report.md", "./report.md", "../model/report.md"])
def test_an_output_means_the_stage_that_makes_it(targets: Targets, word: str) -> None:
    assert found(targets, word) == ["model:report"]


def test_an_absolute_path_is_an_output_too(targets: Targets, tmp_path: Path) -> None:
    assert found(targets, str(tmp_path / "features" / "clean.csv")) == ["features:clean"]


def test_a_file_in_a_directory_output_means_the_stage_that_makes_the_directory(targets: Targets) -> None:
    assert found(targets, "../features/parts/1.csv") == ["features:split"]


def test_a_directory_means_its_pipelines_and_the_stages_that_write_into_it(targets: Targets) -> None:
    assert found(targets, "../features") == ["features:clean", "features:split"]
    assert found(targets, "../data") == ["features:clean"]
    assert found(targets, "us") == ["model:train@us"]
    assert len(found(targets, "..")) == 6


def test_a_stage_that_is_named_twice_is_one(targets: Targets) -> None:
    assert found(targets, "report", "report.md") == ["model:report"]


def test_an_unknown_name_is_answered_with_a_similar_one(targets: Targets) -> None:
    with pytest.raises(DefinitionError, match="unknown stage 'repord'") as caught:
        targets.find(["repord"])
    assert caught.value.hint == "Did you mean report?"
    with pytest.raises(DefinitionError, match="unknown stage 'trian'") as caught:
        targets.find(["trian"])
    assert caught.value.hint == "Did you mean train?"


def test_a_file_that_no_stage_makes_is_not_called_a_stage(targets: Targets, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "notes.txt").touch()
    with pytest.raises(DefinitionError, match=r"no stage makes 'notes\.txt'"):
        targets.find(["notes.txt"])


def test_a_name_like_nothing_points_to_the_list(targets: Targets) -> None:
    with pytest.raises(DefinitionError) as caught:
        targets.find(["../../etc/passwd"])
    assert caught.value.hint == "See `pivot list --all`."


@pytest.mark.parametrize("word", ["", " ", "a\nb", "a\x00b", "x" * 5000])
def test_what_cannot_be_a_name_is_refused_with_the_rule(targets: Targets, word: str) -> None:
    with pytest.raises(DefinitionError, match="is not the name of a stage or a path"):
        targets.find([word])


def test_one_stage_is_not_several(targets: Targets) -> None:
    assert str(targets.one("report")) == "model:report"
    with pytest.raises(DefinitionError, match="'train' is ambiguous"):
        targets.one("train")


def test_whole_stages_need_no_paths(targets: Targets) -> None:
    assert targets.paths(["train", "report"]) == []


def test_a_path_among_the_words_limits_what_is_meant_to_paths(targets: Targets, tmp_path: Path) -> None:
    assert targets.paths(["../features/clean.csv"]) == [tmp_path / "features" / "clean.csv"]
    assert targets.paths(["report", "us"]) == [
        tmp_path / "model" / "report.md",
        tmp_path / "model" / "us" / "model.json",
    ]


def test_a_file_in_a_directory_output_means_the_whole_directory(targets: Targets, tmp_path: Path) -> None:
    assert targets.paths(["../features/parts/1.csv"]) == [tmp_path / "features" / "parts"]


def test_the_directory_of_a_pipeline_means_all_its_outputs_wherever_they_lie(targets: Targets, tmp_path: Path) -> None:
    assert tmp_path / "data" / "shared.csv" in targets.paths(["../features"])
