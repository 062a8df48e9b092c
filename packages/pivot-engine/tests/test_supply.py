"""Who may start when there is not enough of everything for all."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pivot.engine.supply import Demand, Supply


def supply(totals: dict[str, float], *demands: Demand) -> Supply:
    made = Supply(totals)
    for rank, demand in enumerate(demands):
        made.add(rank, demand)
    return made


def drain(made: Supply) -> list[int]:
    found = []
    while (rank := made.next()) is not None:
        found.append(rank)
    return found


def test_as_much_starts_as_there_is_and_what_needs_nothing_always() -> None:
    made = supply({"gpu": 2}, {"gpu": 1}, {"gpu": 1}, {"gpu": 1}, {})
    assert drain(made) == [0, 1, 3]
    made.release(1)
    assert drain(made) == [2]


def test_fractions_add_up_to_the_whole_and_what_rounding_leaves_keeps_nobody_out() -> None:
    made = supply({"gpu": 1}, *[{"gpu": 0.1}] * 10)
    assert drain(made) == list(range(10))
    for rank in range(10):
        made.release(rank)
    made.add(10, {"gpu": 1})
    assert drain(made) == [10]


def test_the_small_do_not_pass_a_bigger_one_that_waits_for_the_same() -> None:
    made = supply({"gpu": 2}, {"gpu": 1}, {"gpu": 2}, {"gpu": 1})
    assert drain(made) == [0]
    made.release(0)
    assert drain(made) == [1]
    made.release(1)
    assert drain(made) == [2]


def test_who_waits_for_something_else_is_passed() -> None:
    made = supply({"gpu": 1, "disk": 2}, {"gpu": 1}, {"gpu": 1, "disk": 1}, {"disk": 1}, {"disk": 1})
    assert drain(made) == [0, 2], "the best that waits keeps its place on the disk"
    made.release(0)
    assert drain(made) == [1]


def test_one_that_needs_two_things_is_not_starved_by_those_that_need_one() -> None:
    made = supply(
        {"gpu": 1, "memory": 4}, {"gpu": 1}, {"memory": 4}, {"gpu": 1, "memory": 4}, *[{"memory": 1}, {"gpu": 1}] * 3
    )
    assert drain(made) == [0, 1]
    made.release(0)
    assert drain(made) == [], "the GPU is free, and kept"
    made.release(1)
    assert drain(made) == [2]


def test_a_better_one_that_comes_later_is_first() -> None:
    made = Supply({"gpu": 1})
    made.add(5, {"gpu": 1})
    assert drain(made) == [5]
    made.add(7, {"gpu": 1})
    made.add(6, {"gpu": 1})
    assert drain(made) == []
    made.add(1, {"gpu": 1})
    made.release(5)
    assert drain(made) == [1]


def test_who_started_without_needing_it_holds_up_nobody() -> None:
    made = supply({"gpu": 1}, {"gpu": 1}, {"gpu": 1})
    assert made.next() == 0
    made.release(0)  # found up to date
    assert made.next() == 1


DEMANDS = st.dictionaries(st.sampled_from("abc"), st.sampled_from([0.0, 0.25, 0.5, 1.0]))


@given(st.lists(DEMANDS, max_size=10), st.randoms(use_true_random=False))
def test_everybody_starts_once_and_never_is_more_used_than_there_is(demands: list[Demand], random: Random) -> None:
    made = Supply(dict.fromkeys("abc", 1.0))
    coming = list(enumerate(demands))
    random.shuffle(coming)
    running: list[int] = []
    seen: list[int] = []
    while coming or running or made:
        if coming and random.random() < 0.5:
            made.add(*coming.pop())
        if running and random.random() < 0.5:
            made.release(running.pop(random.randrange(len(running))))
        if random.random() < 0.7 and (found := made.next()) is not None:
            running.append(found)
            seen.append(found)
            assert all(sum(demands[rank].get(name, 0) for rank in running) <= 1 for name in "abc")
    assert sorted(seen) == list(range(len(demands)))
