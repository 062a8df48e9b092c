"""Did you mean."""

from pivot.registry.suggest import hint_for, suggest


def test_the_closest_name_is_suggested() -> None:
    assert suggest("trian", ["train", "clean"]) == "train"
    assert suggest("zzz", ["train"]) is None


def test_case_alone_is_close_enough() -> None:
    assert suggest("TRAIN", ["train"]) == "train"


def test_without_a_close_name_all_are_listed() -> None:
    assert hint_for("zzz", ["b", "a"], "stages") == "The stages are a, b."
    assert hint_for("zzz", [], "stages") == "There are no stages."


def test_a_long_list_is_cut() -> None:
    hint = hint_for("zzz", [f"stage{index}" for index in range(20)], "stages")
    assert hint.startswith("Some of the 20 stages: ")
    assert hint.count(",") == 9
