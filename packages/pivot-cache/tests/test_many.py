import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivot.cache.many import batches, settled, spread, usable_threads

_MIB = 1 << 20


@given(st.lists(st.integers(0, 2 * _MIB), max_size=300))
def test_batches_are_all_of_it_in_order_and_none_is_too_much(sizes):
    parts = [sizes[part] for part in batches(sizes)]
    assert [size for part in parts for size in part] == sizes
    assert all(0 < len(part) <= 64 for part in parts)
    assert all(len(part) == 1 or sum(part) <= _MIB for part in parts)


def test_small_files_share_a_batch():
    assert list(batches([10] * 64 + [_MIB, 1])) == [slice(0, 64), slice(64, 65), slice(65, 66)]


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_order_and_failures_among_them(threads):
    results = spread(lambda number: 6 // number, [3, 0, 1, 2], threads)
    assert isinstance(results[1], ZeroDivisionError)
    assert [*results[:1], *results[2:]] == [2, 6, 3]
    with pytest.raises(ZeroDivisionError):
        settled(results)
    assert settled(results[2:]) == [6, 3]


def test_the_first_failure_is_the_one_that_is_raised():
    with pytest.raises(KeyError, match="b"):
        settled([1, KeyError("b"), ValueError("c")])


@pytest.mark.parametrize(("sleeps", "most"), [([0] * 9, 1), ([0, 1, 1, 40, 40, 40], 3)])
def test_small_files_get_more_threads_only_when_one_has_waited_for_a_disk(sleeps, most):
    # Fails if `alone` is not looked at, or never ends.
    meeting = threading.Barrier(most, timeout=60)
    asked = iter(sleeps)

    def work(at):
        if at >= 2:
            meeting.wait()
        return threading.get_ident()

    found = settled(spread(work, range(2 + most), most, alone=True, sleeps=lambda: next(asked)))
    assert len(set(found[:2])) == 1
    assert len(set(found)) == most


def test_several_threads_work_at_the_same_time():
    # Fails if all is done in one thread: each waits for the other.
    meeting = threading.Barrier(2, timeout=30)
    assert sorted(settled(spread(lambda _: meeting.wait(), [None, None], 2))) == [0, 1]


def test_an_interrupt_leaves_out_what_was_not_begun():
    # Fails if the others are waited for without telling them.
    begun, interrupted = [], threading.Event()

    def work(number):
        begun.append(number)
        if threading.current_thread() is threading.main_thread():
            interrupted.set()
            raise KeyboardInterrupt
        interrupted.wait(30)

    with pytest.raises(KeyboardInterrupt):
        spread(work, range(100_000), 2)
    assert len(begun) < 100_000


def test_there_is_at_least_one_thread():
    assert 1 <= usable_threads() <= 4
