"""Outputs of which the store has lost something."""

from pathlib import Path
from typing import Any

import pytest
from engine_fakes import stage
from test_execute import bring

from pivot.cache import Cache, Measured
from pivot.engine.repairing import Loss, losses
from pivot.executor.state import state_of
from pivot.loaders.plain import PathOnly
from pivot.registry.definition import OutputKind, StageDefinition


def files(root: Path) -> list[Path]:
    return [path for kind in ("objects", "trees") for path in (root / "cache" / kind).rglob("*") if path.is_file()]


@pytest.fixture
def made(tmp_path: Path) -> StageDefinition:
    """A stage with a directory of two files."""
    item = stage("p:s", tmp_path, [], ["out"], kind=OutputKind.DIRECTORY)

    def func() -> None:
        (tmp_path / "out").mkdir()
        for name in ("a", "b"):
            (tmp_path / "out" / name).write_text(name)

    bring(item, func, PathOnly(), observe="off")
    return item


def found(item: StageDefinition, *, repair: bool = False) -> list[Loss]:
    with Cache(item.root / "cache") as cache:
        return list(losses([item], cache, repair=repair))


def test_nothing_is_lost_of_what_is_there(made: StageDefinition) -> None:
    assert found(made) == []


def test_a_lost_member_of_a_directory_is_named_and_healed_from_the_work_tree(made: StageDefinition) -> None:
    (lost,) = [path for path in files(made.root) if path.read_text() == "a"]
    lost.unlink()
    (loss,) = found(made)
    assert (loss.path, loss.in_place, loss.healed) == ("out", True, False)
    assert [digest[5:] for digest in loss.lost] == [lost.name]
    assert found(made, repair=True)[0].healed
    assert found(made) == []


def test_a_lost_manifest_is_healed_too(made: StageDefinition) -> None:
    next((made.root / "cache/trees").rglob("*/*")).unlink()
    (loss,) = found(made, repair=True)
    assert loss.lost == (loss.digest,)
    assert loss.healed


def test_an_edited_file_heals_nothing(made: StageDefinition) -> None:
    (lost,) = [path for path in files(made.root) if path.read_text() == "a"]
    lost.unlink()
    (made.root / "out/a").write_text("x")
    (loss,) = found(made, repair=True)
    assert (loss.in_place, loss.healed) == (False, False)


class Believing(Cache):
    """A store that takes a directory for unchanged whose bytes have rotted, as its stat does not show it."""

    def measure(self, path: Any) -> Measured:
        trace = state_of(stage("p:s", Path(path).parent, [], ["out"])).read()
        assert trace is not None
        return Measured(*trace.outs["out"], None)


def test_a_file_that_only_looks_unchanged_is_read_and_heals_nothing(made: StageDefinition) -> None:
    (lost,) = [path for path in files(made.root) if path.read_text() == "a"]
    lost.unlink()
    (made.root / "out/a").write_text("x")
    with Believing(made.root / "cache") as cache:
        (loss,) = losses([made], cache, repair=True)
    assert (loss.in_place, loss.healed) == (True, False)


def test_stages_that_never_ran_or_whose_lock_file_is_torn_have_lost_nothing(made: StageDefinition) -> None:
    (made.root / ".pivot/stages/s.lock").write_text("{")
    assert found(made) == []
    (made.root / ".pivot/stages/s.lock").unlink()
    assert found(made) == []
