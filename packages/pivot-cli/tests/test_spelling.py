from pivot.cli.spelling import Spelling


def test_a_name_that_one_pipeline_has_is_written_alone(refs) -> None:
    spelling = Spelling(refs("a:clean", "b:train"))
    assert [spelling(ref) for ref in refs("a:clean", "b:train")] == ["clean", "train"]


def test_a_name_that_two_pipelines_have_is_written_with_its_pipeline(refs) -> None:
    spelling = Spelling(refs("a:train", "b:train", "b:clean"))
    assert [spelling(ref) for ref in refs("a:train", "b:train", "b:clean")] == ["a:train", "b:train", "clean"]


def test_a_stage_that_is_given_twice_is_still_one(refs) -> None:
    assert Spelling(refs("a:train", "a:train"))(refs("a:train")[0]) == "train"
