from pathlib import Path

import pytest


def test_deleted_outputs_come_back(ran: Path, pivot) -> None:
    before = (ran / "model" / "model.json").read_bytes()
    (ran / "model" / "model.json").unlink()
    (ran / "features" / "clean.json").write_text("spoilt")
    result = pivot("checkout")
    assert result.exit_code == 0, result.output
    assert "2 restored, 1 in place" in result.stderr
    assert (ran / "model" / "model.json").read_bytes() == before


def test_only_the_named_output_is_touched(ran: Path, pivot) -> None:
    (ran / "model" / "model.json").unlink()
    (ran / "model" / "report.json").unlink()
    assert "1 restored" in pivot("checkout", "model.json", at="model").stderr
    assert not (ran / "model" / "report.json").exists()


@pytest.mark.parametrize("word", ["../../etc/passwd", "/etc/passwd", "a/../../b"])
@pytest.mark.usefixtures("ran")
def test_a_path_that_no_stage_makes_is_refused(pivot, word: str) -> None:
    assert pivot("checkout", word).exit_code == 2


def test_data_that_is_nowhere_is_missing(ran: Path, pivot) -> None:
    (ran / "model" / "model.json").unlink()
    for file in (ran / ".pivot" / "cache" / "objects").rglob("*"):
        if file.is_file():
            file.chmod(0o600)
            file.unlink()
    result = pivot("checkout", "train")
    assert result.exit_code == 4
    assert "not in the cache: model.json (train)" in result.stderr
    assert "pivot run train" in result.stderr


@pytest.mark.usefixtures("project")
def test_a_stage_that_never_ran_has_nothing_to_check_out(pivot) -> None:
    assert pivot("checkout", "train").exit_code == 4
    result = pivot("checkout")
    assert result.exit_code == 0
    assert "3 stages never ran" in result.stderr
