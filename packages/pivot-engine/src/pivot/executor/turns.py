"""Tasks that a worker is given ahead, while it has another: it begins one by itself, or the coordinator takes it back.

A message to a worker begins with its turn: `NOW`, or, for a task given ahead, a number. The number also lies in a pipe
of its own, from which both can read, and who gets it has the task. So a worker does not wait for the coordinator
between two stages, and no stage waits behind a long one while another worker has nothing to do.
"""

import contextlib
import os
from collections import deque
from typing import Any

from pivot.executor.channel import Inbox, Unpacker

_SIZE = 8
NOW = bytes(_SIZE)
"""The turn of what is to be read at once: a task for a worker that has none, or the answer to what it asked."""


class Turns:
    """The coordinator's side: of one worker, which has one task ahead at the most."""

    def __init__(self, reader: int, writer: int) -> None:
        os.set_blocking(reader, False)  # for the worker too
        self._reader, self._writer = reader, writer
        self._number = 0
        self._taken_back = False

    def give(self) -> bytes:
        """Give the turn of a task, which is to be sent next."""
        self._number += 1
        self._taken_back = False
        turn = self._number.to_bytes(_SIZE, "little")
        os.write(self._writer, turn)
        return turn

    def take_back(self) -> bool:
        """Tell whether the last task that was given has not begun: then it never will. A signal handler may do this."""
        self._taken_back = self._taken_back or _taken(self._reader) is not None
        return self._taken_back


class Tasks:
    """The worker's side: what it is to begin."""

    def __init__(self, inbox: Inbox, turns: int) -> None:
        self.descriptors = inbox.descriptor, turns
        self.unpack = Unpacker()
        self._inbox, self._turns = inbox, turns
        self._early: deque[bytes] = deque()
        """What it was given ahead while it waited for an answer."""
        self._mine: bytes | None = None

    def claim(self) -> bool:
        """Tell whether there is a task ahead, which is next then: what is not claimed will not begin."""
        self._mine = _taken(self._turns)
        return self._mine is not None

    def next(self) -> bytes | None:
        """Wait for the next message, packed; None: there are no more."""
        while (message := self._early.popleft() if self._early else self._inbox.next()) is not None:
            turn, packed = message[:_SIZE], message[_SIZE:]
            if turn in (NOW, self._mine):
                return packed
            with contextlib.suppress(Exception):
                self.unpack(packed)  # those after it may refer to what it names
        return None

    def answer(self) -> Any:
        """Wait for the answer to what was asked; None: nobody is there to answer."""
        while (message := self._inbox.next()) is not None:
            if message[:_SIZE] == NOW:
                return self.unpack(message[_SIZE:])
            self._early.append(message)
        return None


def _taken(turns: int) -> bytes | None:
    try:
        return os.read(turns, _SIZE)
    except BlockingIOError:
        return None
