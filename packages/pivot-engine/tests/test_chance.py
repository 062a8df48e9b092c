"""Random numbers of stages: as in a process of their own."""

import random
import subprocess
import sys

import pytest

from pivot.executor.chance import Chance
from pivot.registry.definition import Origin

PIPELINE, OTHER = Origin("m:f", ("a",)), Origin("m:f", ("b",))


def test_what_a_pipeline_seeds_while_it_is_loaded_holds_for_each_of_its_stages() -> None:
    chance = Chance()
    with chance.loading(PIPELINE):
        random.seed(42)
    expected = random.Random(42).random()
    for _ in range(2):
        chance.begin(PIPELINE)
        assert random.random() == expected


def test_what_it_draws_after_that_is_drawn_for_all() -> None:
    chance = Chance()
    with chance.loading(PIPELINE):
        random.seed(42)
        drawn = random.random()
    chance.begin(PIPELINE)
    assert random.random() != drawn
    assert [drawn, random.Random(42).random()] == [drawn, drawn]


def test_stages_of_a_pipeline_that_seeds_nothing_have_numbers_of_their_own() -> None:
    chance = Chance()
    with chance.loading(PIPELINE):
        random.random()  # drawing is not seeding
    chance.begin(PIPELINE)
    first = random.random()
    random.seed(1)
    chance.begin(PIPELINE)
    assert random.random() not in (first, random.Random(1).random())


@pytest.mark.parametrize("origin", [None, OTHER])
def test_one_pipelines_seed_is_not_anothers(origin: Origin | None) -> None:
    chance = Chance()
    with chance.loading(PIPELINE):
        random.seed(42)
    with chance.loading(OTHER):
        pass
    chance.begin(origin)
    assert random.random() != random.Random(42).random()


NUMPY = """
from pivot.executor.chance import Chance
from pivot.registry.definition import Origin
chance = Chance()
for name, seed in (("a", 7), ("b", None), ("c", 9)):
    with chance.loading(Origin("m:f", (name,))):
        import numpy
        if seed is not None:
            numpy.random.seed(seed)
found = {}
for name in "abcabc":
    chance.begin(Origin("m:f", (name,)))
    found.setdefault(name, []).append(numpy.random.random_sample())
for name, seed in (("a", 7), ("c", 9)):
    assert found[name] == [numpy.random.RandomState(seed).random_sample()] * 2, found
assert found["b"][0] != found["b"][1], found
"""


def test_numpy_counts_too_and_may_be_imported_by_the_pipeline_that_seeds_it() -> None:
    pytest.importorskip("numpy")
    done = subprocess.run([sys.executable, "-c", NUMPY], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
