import json
from pathlib import Path

import pytest

from pivot.cache import Cache
from pivot.cache.layout import Layout
from pivot.cache.names import parse


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


@pytest.mark.usefixtures("project")
def test_lock_files_of_stages_that_are_no_more_are_noted(pivot, write, tmp_path) -> None:
    assert pivot("run").exit_code == 0
    assert "lock files" not in pivot("doctor").stdout
    write("model/.pivot/stages/gone@us.lock", "{}")
    lines = pivot("doctor").stdout.splitlines()
    (number,) = [number for number, line in enumerate(lines) if "lock files of stages" in line]
    assert lines[number].endswith("that pipeline model does not have: gone@us")
    assert f"Delete those in {tmp_path}/model/.pivot/stages" in lines[number + 1]


def _store(tmp_path: Path) -> Path:
    """Where the store of the project is, with one file in it; gives the path of that."""
    root = tmp_path / ".pivot" / "cache"
    with Cache(root) as cache:
        digest = cache.put_bytes(b"precious")
    return Path(Layout(str(root)).object(parse(digest)))


@pytest.mark.usefixtures("project")
def test_nothing_is_said_of_a_store_that_is_not_there_and_none_is_made(pivot, tmp_path) -> None:
    assert "stored" not in pivot("doctor").stdout
    assert not (tmp_path / ".pivot" / "cache").exists()


@pytest.mark.usefixtures("project")
def test_a_sample_of_the_store_is_hashed_again(pivot, tmp_path) -> None:
    _store(tmp_path)
    result = pivot("doctor")
    assert result.exit_code == 0, result.output
    assert "a sample, 1 object hashed again, 8 B: all right" in result.stdout


@pytest.mark.usefixtures("project")
def test_damage_in_the_sample_is_a_problem(pivot, tmp_path) -> None:
    # Fails if the sample is looked at by its seals only.
    path = _store(tmp_path)
    path.chmod(0o644)
    path.write_bytes(b"PRECIOUS")
    result = pivot("doctor")
    assert result.exit_code == 2
    assert "1 damaged" in result.stdout
    assert "pivot cache verify --repair" in result.stdout


@pytest.mark.usefixtures("project")
def test_a_store_that_cannot_be_opened_is_a_problem_and_no_error(pivot, tmp_path) -> None:
    _store(tmp_path)
    (tmp_path / ".pivot" / "cache" / "store.json").write_text("{")
    result = pivot("doctor")
    assert result.exit_code == 2
    assert "is damaged" in result.stdout
