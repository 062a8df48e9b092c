from pathlib import Path

import pytest
from engine_fakes import LivePipeline, ref, stage

from pivot.cache import CacheRoot
from pivot.engine import Engine, EngineSettings
from pivot.engine.explain import chain_to, constant_words
from pivot.registry.definition import Entry, Manifest
from pivot.registry.types import StageRef, StateDir

READS = {"m.one": ["m.mid", "m.other"], "m.mid": ["m.leaf"], "m.leaf": ["m.mid"]}


class Explained(LivePipeline):
    """One stage whose code is what its hash says."""

    def manifest(self, ref: StageRef) -> Manifest:
        code = self.stages[0].identity.code
        entries = {"m.one": Entry("s", "m.py:1"), "m.leaf": Entry(code, "m.py:9")}
        return Manifest(entries, READS, start="m.one")


def write(**_: object) -> None:
    Path("x").write_text("x")


def engine_of(root: Path, code: str) -> Engine:
    one = stage("p:one", root, (), ["x"], code=code)
    pipeline = Explained(one.ref.pipeline, root, StateDir(root / ".pivot"), [one], {"one": write})
    return Engine(pipeline=pipeline, settings=EngineSettings(root, CacheRoot(root / "cache")), environ={})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with engine_of(tmp_path, "c0") as engine:
        assert engine.run_once().ok
    return tmp_path


def test_a_changed_helper_is_named_with_its_place_its_chain_and_its_difference(root: Path) -> None:
    with engine_of(root, "c1") as engine:
        (change,) = engine.explain(ref("p:one")).changes
    assert change.words == "code: m.leaf changed"
    assert change.place == "m.py:9"
    assert change.chain == ("m.one", "m.mid", "m.leaf")
    assert "-source of c0\n+source of c1" in change.diff


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("THRESHOLD = 0.5", "THRESHOLD = 0.6", "constant: m.K 0.5 -> 0.6"),
        ("K: float = 1\n", "K: float = 2", "constant: m.K 1 -> 2"),
        ("K = (1,\n 2)", "K = [1, 2]", "constant: m.K (1, 2) -> [1, 2]"),
        ("K = 1", "def K(): return 1", ""),
        ("K = 1", "K = 1\nK += 1", ""),
        ("K = 1", f"K = {[0] * 100}", ""),
        ("K = 1  # one", "K = 1", ""),
        (None, "K = 1", ""),
        ("K = (", "K = 1", ""),
    ],
)
def test_a_constant_is_shown_with_its_values(before: str | None, after: str | None, words: str) -> None:
    assert constant_words("m.K", before, after) == words


def test_an_up_to_date_stage_has_nothing_to_explain(root: Path) -> None:
    with engine_of(root, "c0") as engine:
        found = engine.explain(ref("p:one"))
    assert found.changes == ()
    assert found.before is not None
    assert set(found.manifest.entries) == {"m.one", "m.leaf"}


def test_what_is_not_about_code_needs_no_manifest(root: Path) -> None:
    (root / ".pivot" / "stages" / "one.lock").unlink()
    with engine_of(root, "c0") as engine:
        assert [str(change.reason) for change in engine.explain(ref("p:one")).changes] == ["never ran"]


def test_a_definition_that_nothing_reads_by_name_has_no_chain() -> None:
    assert chain_to("m.else", Manifest({}, READS, start="m.one")) == ()
    assert chain_to("m.one", Manifest({}, READS, start="m.one")) == ("m.one",)
