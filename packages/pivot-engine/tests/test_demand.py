"""What stages ask of a run."""

from pathlib import Path

import pytest
from engine_fakes import ref, stage

from pivot.cache import CacheRoot
from pivot.engine.demand import Pace, check_resources, retries_of, seconds_of_all, timeout_of
from pivot.executor.settings import EngineSettings, RunOptions
from pivot.registry.errors import DefinitionError

ROOT = Path("/project")
SETTINGS = EngineSettings(ROOT, CacheRoot(ROOT / "cache"))


def test_what_a_stage_says_counts_before_the_command_line_and_that_before_the_settings() -> None:
    plain, own = stage("p:a", ROOT), stage("p:b", ROOT)._replace(retries=0, timeout=0)
    settings, options = SETTINGS._replace(retries=1, timeout=10), RunOptions(retries=2, timeout=20)
    assert (retries_of(plain, RunOptions(), SETTINGS), timeout_of(plain, RunOptions(), SETTINGS)) == (0, None)
    assert (retries_of(plain, RunOptions(), settings), timeout_of(plain, RunOptions(), settings)) == (1, 10)
    assert (retries_of(plain, options, settings), timeout_of(plain, options, settings)) == (2, 20)
    assert (retries_of(own, options, settings), timeout_of(own, options, settings)) == (0, None)


def test_a_stage_that_never_ran_takes_as_long_as_the_median() -> None:
    took = {ref("p:a"): 1.0, ref("p:b"): 9.0, ref("p:c"): 2.0}
    refs = [ref("p:a"), ref("p:b"), ref("p:c"), ref("p:d")]
    assert seconds_of_all(refs, took.get) == {**took, ref("p:d"): 2.0}
    assert set(seconds_of_all(refs, lambda _: None).values()) == {1.0}


def test_there_is_the_memory_of_the_machine_unless_the_project_says_otherwise() -> None:
    small = [stage("p:a", ROOT, resources={"memory": 1.0})]
    assert check_resources(small, {})["memory"] > 1
    assert check_resources(small, {"memory": 5}) == {"memory": 5}
    assert check_resources([stage("p:a", ROOT)], {}) == {}, "nobody asks, nobody looks"


@pytest.mark.parametrize(
    ("resources", "totals", "what", "hint"),
    [
        ({"gpu": 2.0}, {"gpu": 1.5}, "stage p:a needs 2 gpu, and there is 1.5 gpu for all", "run.resources.gpu"),
        ({"gpu": 2.0}, {}, "stage p:a needs 2 gpu, and nothing says how much", "run: {resources: {gpu: 2}}"),
        ({"memory": 3.0 * 2**60}, {}, "needs 3.221e+09 GiB of memory, and there is", "run.resources.memory"),
        ({"memory": 9999.0 * 2**30}, {}, "needs 9999 GiB", "--resource memory=9999G."),
        ({"memory": 2**30 + 1.0}, {"memory": 1.0}, "needs 1 GiB", "--resource memory=1025M."),
        ({"tokens": 1234567.0}, {}, "needs 1.23457e+06 tokens", "--resource tokens=1234567."),
    ],
)
def test_more_than_there_is_is_an_error_with_place_and_next_step(
    resources: dict[str, float], totals: dict[str, float], what: str, hint: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        check_resources([stage("p:a", ROOT, resources=resources)], totals)
    assert caught.value.where == "p/pipeline.py:1"
    assert what in caught.value.what
    assert hint in str(caught.value.hint)


def test_a_stage_is_short_if_it_was_or_if_the_last_few_of_this_run_were() -> None:
    pace = Pace()
    assert not pace.is_short(None)
    assert pace.is_short(0.01)
    pace.note(0.01)
    assert pace.is_short(None)
    assert not pace.is_short(60.0)
    pace.note(60.0)
    assert not pace.is_short(None)
    for _ in range(8):
        pace.note(0.01)
    assert pace.is_short(None)
