from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_fakes import stage

from pivot.cache import Cache
from pivot.executor.assess import declared_facts
from pivot.executor.runcache import RunCache
from pivot.executor.trace import Artifact, Seen, Trace
from pivot.registry.definition import StageDefinition


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with Cache(tmp_path / "store") as made:
        yield made


@pytest.fixture
def defined(tmp_path: Path) -> StageDefinition:
    return stage("p:train", tmp_path, outs=["model"])


def ran(defined: StageDefinition, cache: Cache, made: bytes, **files: str) -> Trace:
    facts = declared_facts(defined)._replace(observed=Seen(files=files))
    return Trace(facts, {"model": Artifact(cache.put_bytes(made), len(made))})


def test_what_was_remembered_after_a_recall_in_vain_is_recalled(cache: Cache, defined: StageDefinition) -> None:
    trace, one = ran(defined, cache, b"x"), RunCache(cache, lambda seen: seen)
    assert one.recall(defined, declared_facts(defined)) is None
    one.remember(defined, trace)
    found = RunCache(cache, lambda seen: seen).recall(defined, declared_facts(defined))
    assert found is not None
    assert found.outs == trace.outs


def test_a_run_that_was_overtaken_is_remembered_too(cache: Cache, defined: StageDefinition) -> None:
    """Fails if what was free before the run is taken to be free after it."""
    theirs, ours = ran(defined, cache, b"x", asked="a"), ran(defined, cache, b"y", asked="b")
    one = RunCache(cache, lambda _: ours.facts.observed)
    assert one.recall(defined, declared_facts(defined)) is None
    RunCache(cache, lambda _: theirs.facts.observed).remember(defined, theirs)
    one.remember(defined, ours)
    for trace in (theirs, ours):
        found = RunCache(cache, lambda _, trace=trace: trace.facts.observed).recall(defined, declared_facts(defined))
        assert found is not None
        assert found.outs == trace.outs


def test_what_was_free_for_other_facts_is_not_used(cache: Cache, defined: StageDefinition) -> None:
    one, other = RunCache(cache, lambda seen: seen), declared_facts(defined)._replace(code="c1")
    assert one.recall(defined, other) is None
    one.remember(defined, ran(defined, cache, b"x"))
    assert one.recall(defined, other) is None
    assert one.recall(defined, declared_facts(defined)) is not None
