"""Who begins a task that was given ahead."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from pivot.executor.channel import Inbox, Packer, send
from pivot.executor.turns import NOW, Tasks, Turns


class Both(NamedTuple):
    """Both sides, and what the coordinator sends with."""

    turns: Turns
    tasks: Tasks
    descriptor: int
    pack: Packer

    def now(self, task: object) -> None:
        send(self.descriptor, NOW + self.pack(task))

    def ahead(self, task: object) -> None:
        send(self.descriptor, self.turns.give() + self.pack(task))

    def next(self) -> object:
        message = self.tasks.next()
        return None if message is None else self.tasks.unpack(message)


@pytest.fixture
def both() -> Iterator[Both]:
    with ExitStack() as stack:

        def pipe() -> tuple[int, int]:
            reader, writer = os.pipe()
            stack.callback(os.close, reader)
            return reader, writer

        reads, sends = pipe()
        turn, turns = pipe()
        stack.callback(os.close, turns)
        yield Both(Turns(turn, turns), Tasks(Inbox(reads), turn), sends, Packer())


def end(both: Both) -> None:
    """Send no more."""
    os.close(both.descriptor)


def test_a_task_ahead_is_next_once_it_is_claimed(both: Both) -> None:
    both.now("a")
    both.ahead("b")
    assert both.next() == "a"
    assert both.tasks.claim()
    assert not both.turns.take_back()
    assert both.next() == "b"
    assert not both.tasks.claim()
    end(both)


def test_what_was_taken_back_is_neither_claimed_nor_begun(both: Both) -> None:
    both.now("a")
    both.ahead("b")
    assert both.turns.take_back()
    assert both.turns.take_back()
    assert not both.tasks.claim()
    both.now("c")
    both.ahead("d")
    assert both.next() == "a"
    assert both.next() == "c"
    assert both.tasks.claim()
    assert both.next() == "d"
    end(both)


def test_what_came_too_late_to_be_claimed_is_not_begun(both: Both) -> None:
    both.now("a")
    assert both.next() == "a"
    assert not both.tasks.claim()
    both.ahead("b")
    assert both.turns.take_back()
    end(both)
    assert both.next() is None


def test_nothing_ahead_is_nothing_to_take_back(both: Both) -> None:
    both.now("a")
    assert not both.turns.take_back()
    end(both)


def test_an_answer_is_read_before_the_task_that_was_sent_first(both: Both) -> None:
    both.now("a")
    assert both.next() == "a"
    both.ahead("b")
    send(both.descriptor, NOW + Packer()("answer"))
    assert both.tasks.answer() == "answer"
    assert both.tasks.claim()
    assert both.next() == "b"
    end(both)
    assert both.tasks.answer() is None
