"""Messages over pipes."""

import os
import threading
from collections.abc import Iterator

import pytest

from pivot.executor.channel import Inbox, send

Pipe = tuple[int, int]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)
    os.close(writer)


def test_messages_arrive_whole_and_in_order(pipe: Pipe) -> None:
    for message in (b"one", b"", b"three"):
        send(pipe[1], message)
    inbox = Inbox(pipe[0])
    assert [inbox.next() for _ in range(3)] == [b"one", b"", b"three"]


def test_a_message_that_is_bigger_than_a_pipe_holds_arrives_too(pipe: Pipe) -> None:
    big = os.urandom(3_000_000)
    writing = threading.Thread(target=send, args=(pipe[1], big))
    writing.start()
    assert Inbox(pipe[0]).next() == big
    writing.join()


def test_who_does_not_block_is_not_given_half_a_message(pipe: Pipe) -> None:
    os.set_blocking(pipe[0], False)
    inbox = Inbox(pipe[0])
    assert inbox.next() is None
    os.write(pipe[1], (5).to_bytes(8, "little") + b"he")
    assert inbox.next() is None
    os.write(pipe[1], b"llo")
    assert inbox.next() == b"hello"
    assert not inbox.ended


def test_when_the_other_side_is_gone_there_are_no_more() -> None:
    reader, writer = os.pipe()
    send(writer, b"last")
    os.write(writer, (5).to_bytes(8, "little") + b"he")
    os.close(writer)
    inbox = Inbox(reader)
    assert inbox.next() == b"last"
    assert inbox.next() is None
    assert inbox.ended
    os.close(reader)
