"""What the store keeps for a project."""

import os
from pathlib import Path

from test_engine import chain, run, settings_of

from pivot.cache import Cache, CacheRoot, Keep
from pivot.engine import Engine, EngineSettings
from pivot.engine.keeping import checkout_of
from pivot.executor.settings import RunOptions
from pivot.registry.types import StateDir


def test_folders_are_spelled_relative_to_the_project_if_they_lie_in_it() -> None:
    found = checkout_of(
        Path("/p"), [StateDir(Path("/p/b/.pivot")), StateDir(Path("/p/.pivot")), StateDir(Path("/q/.pivot"))]
    )
    assert found.files[::2] == (".pivot/stages/*.lock", "/q/.pivot/stages/*.lock", "b/.pivot/stages/*.lock")
    assert found.files[1::2] == (".pivot/pending/*.lock", "/q/.pivot/pending/*.lock", "b/.pivot/pending/*.lock")
    assert found.anywhere == (".pivot/stages/*.lock",)


def test_a_run_that_stores_something_registers_the_project_and_one_that_does_not_leaves_it(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("a")
    run(chain(tmp_path), RunOptions(no_commit=True))
    roots = tmp_path / "cache/roots"
    assert not list(roots.iterdir())
    run(chain(tmp_path))
    (file,) = roots.iterdir()
    file.unlink()
    run(chain(tmp_path))
    assert not list(roots.iterdir())


def test_what_two_checkouts_share_is_kept_for_both_and_the_rest_goes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        root = tmp_path / name
        root.mkdir()
        (root / "in.txt").write_text(name)
        settings = EngineSettings(root, CacheRoot(tmp_path / "cache"))
        with Engine(pipeline=chain(root), settings=settings, environ={}) as engine:
            assert engine.run_once().ok
    with Cache(tmp_path / "cache") as cache:
        cache.put_bytes(b"nobody's")
    with Cache(tmp_path / "cache") as cache:
        # Not 0: what was made within the same tick of the clock counts as young.
        report = cache.gc(grace=-1.0, keep_records=-1.0)
        assert len(report.removed) == 1
        places = {os.path.basename(kept.place) for kept in report.held if kept.keep is Keep.FILE}
        assert places == {"one", "two"}


def test_outputs_put_back_by_a_checkout_are_registered(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("a")
    run(chain(tmp_path))
    (file,) = (tmp_path / "cache/roots").iterdir()
    file.unlink()
    with Engine(pipeline=chain(tmp_path), settings=settings_of(tmp_path)) as engine:
        engine.checkout()
    assert file.exists()
