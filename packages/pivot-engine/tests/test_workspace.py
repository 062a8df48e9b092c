"""What lies in the project: each path is looked at once, and again when that is asked for."""

from pathlib import Path
from typing import Any

import pytest

from pivot.cache import Cache, Measured, hash_bytes, signature
from pivot.executor.workspace import Workspace


class Measuring(Cache):
    """A store that takes every stat for proof, or none, and says what it was asked to measure."""

    proof = True

    def measure(self, path: Any) -> Measured:
        self.asked = path
        return super().measure(path)._replace(seen=signature(path) if self.proof else None)

    def last(self) -> str | None:
        asked, self.asked = self.asked, None
        return asked

    asked: str | None = None


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_text("a")
    return path


def test_a_file_that_has_not_changed_since_it_was_measured_is_not_measured_again(tmp_path: Path, file: Path) -> None:
    with Measuring(tmp_path / "cache") as cache:
        workspace = Workspace(cache)
        before = workspace.content(str(file))
        assert cache.last() == str(file)
        assert workspace.again(str(file)) == before
        assert cache.last() is None


def test_a_file_of_which_the_stat_proves_nothing_is_measured_again(tmp_path: Path, file: Path) -> None:
    with Measuring(tmp_path / "cache") as cache:
        cache.proof = False
        workspace = Workspace(cache)
        before = workspace.content(str(file))
        cache.last()
        assert workspace.again(str(file)) == before
        assert cache.last() == str(file)


def test_a_file_that_has_changed_is_seen_to_be_another(tmp_path: Path, file: Path) -> None:
    with Measuring(tmp_path / "cache") as cache:
        workspace = Workspace(cache)
        workspace.content(str(file))
        file.write_text("bb")
        now = workspace.again(str(file))
        assert now is not None
        assert now.digest == hash_bytes(b"bb")
        assert workspace.content(str(file)) == now
        file.unlink()
        assert workspace.again(str(file)) is None
        assert workspace.content(str(file)) is None


def test_a_path_can_be_looked_at_again_that_was_not_looked_at_yet(tmp_path: Path, file: Path) -> None:
    with Measuring(tmp_path / "cache") as cache:
        now = Workspace(cache).again(str(file))
        assert now is not None
        assert now.size == 1


def test_what_was_measured_for_one_stage_is_not_measured_for_the_next(tmp_path: Path, file: Path) -> None:
    measured: dict[str, Measured] = {}
    with Measuring(tmp_path / "cache") as cache:
        before = Workspace(cache, measured=measured).content(str(file))
        cache.last()
        assert Workspace(cache, measured=measured).content(str(file)) == before
        assert cache.last() is None
        file.write_text("bb")
        assert Workspace(cache, measured=measured).content(str(file)) != before
        assert cache.last() == str(file)
