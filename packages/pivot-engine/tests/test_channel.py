"""Messages over pipes."""

import copyreg
import os
import pickle
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import pytest

from pivot.executor.channel import Inbox, Packer, Unpacker, send, whole

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
    assert inbox.arrived() == []
    os.write(pipe[1], (5).to_bytes(8, "little") + b"he")
    assert inbox.arrived() == []
    os.write(pipe[1], b"llo")
    send(pipe[1], b"you")
    assert inbox.arrived() == [b"hello", b"you"]
    assert not inbox.ended


def test_who_does_not_block_gets_a_big_message_in_the_end(pipe: Pipe) -> None:
    os.set_blocking(pipe[0], False)
    big = os.urandom(3_000_000)
    writing = threading.Thread(target=send, args=(pipe[1], big))
    writing.start()
    inbox, messages = Inbox(pipe[0]), list[bytes]()
    while not messages:
        messages = inbox.arrived()
    assert messages == [big]
    writing.join()


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


def test_what_was_named_once_is_only_referred_to() -> None:
    pack, unpack = Packer(), Unpacker()
    name = "a name of some length " * 20
    first, second = pack([name, 1]), pack([name, 2])
    assert len(second) < len(first) / 10
    assert [unpack(first), unpack(second)] == [[name, 1], [name, 2]]


class Pair(NamedTuple):
    left: object
    right: object


class Registered:
    """Made again as `copyreg` says."""


def test_named_tuples_and_what_has_ways_of_its_own_come_back_as_they_were() -> None:
    pack, unpack = Packer(), Unpacker()
    copyreg.pickle(Registered, lambda _: "REGISTERED")
    message = [Pair(Pair(1, Path("a")), Fraction(1, 3)), REGISTERED, (1, 2)]
    for _ in range(2):
        unpacked = unpack(pack(message))
        assert unpacked == message
        assert list(map(type, unpacked)) == [Pair, Registered, tuple]


REGISTERED = Registered()


def test_what_could_not_be_packed_spoils_no_later_message() -> None:
    pack, unpack = Packer(), Unpacker()
    assert unpack(pack("first")) == "first"
    with pytest.raises(TypeError):
        pack(["second", threading.Lock()])
    assert unpack(pack(["second", "third"])) == ["second", "third"]


class Refusing:
    """Cannot be made again."""

    def __reduce__(self) -> tuple[type[int], tuple[str]]:
        return int, ("no number",)


def test_after_a_message_that_could_not_be_read_none_is_misread() -> None:
    pack, unpack = Packer(), Unpacker()
    unpack(pack("first"))
    with pytest.raises(ValueError, match="invalid literal"):
        unpack(pack(["second", Refusing()]))
    with pytest.raises(ValueError, match="could not be read"):
        unpack(pack(["second", "third"]))


def test_what_was_named_is_forgotten_at_both_ends_before_it_takes_much_memory() -> None:
    pack, unpack = Packer(), Unpacker()
    texts = [str(number) * 100_000 for number in range(10, 40)]
    messages = [pack(text) for text in (*texts, texts[0])]
    assert len(messages[-1]) > 100_000
    assert [unpack(message) for message in messages] == [*texts, texts[0]]


def test_what_was_pickled_by_itself_goes_between_the_others() -> None:
    pack, unpack = Packer(), Unpacker()
    messages = [pack(["one"]), whole(pickle.dumps("by itself")), pack(["one", "two"])]
    assert [unpack(message) for message in messages] == [["one"], "by itself", ["one", "two"]]
