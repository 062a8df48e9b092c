"""Messages between a coordinator and a worker, over pipes: a length, then as many bytes.

Not `multiprocessing.connection`: importing it costs a worker twice what it costs to start Python.
"""

import copyreg
import io
import os
import pickle
from typing import Any

_LENGTH = 8
_AT_ONCE = 1 << 16
"""What a pipe of Linux holds. To ask for more maps memory and gives it back, which takes ten times as long."""
_MOST = 1 << 20
"""Bytes of messages after which what they have named is forgotten, at both ends: it takes memory."""
_ANEW, _ON, _WHOLE = b"\0", b"\1", b"\2"
"""What a packed message begins with."""


class Inbox:
    """Puts messages together from what arrives at a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.ended = False
        """Whether no more can come."""
        self._arrived = bytearray()

    def next(self) -> bytes | None:
        """Wait for a message; None: there are no more."""
        while (message := self._whole()) is None and not self.ended:
            self._read()
        return message

    def arrived(self) -> list[bytes]:
        """Give the messages that are whole by now; for a descriptor that does not block."""
        try:
            while self._read() == _AT_ONCE:  # else there was no more: a pipe gives all that it holds
                pass
        except BlockingIOError:
            pass
        messages = []
        while (message := self._whole()) is not None:
            messages.append(message)
        return messages

    def _read(self) -> int:
        arrived = os.read(self.descriptor, _AT_ONCE)
        self._arrived += arrived
        self.ended = not arrived
        return len(arrived)

    def _whole(self) -> bytes | None:
        end = _LENGTH + int.from_bytes(self._arrived[:_LENGTH], "little")
        if len(self._arrived) < end:
            return None
        message = bytes(self._arrived[_LENGTH:end])
        del self._arrived[:end]
        return message


def send(descriptor: int, message: bytes) -> None:
    """Write a message, waiting for room. Raises BrokenPipeError when nobody will read it."""
    data = memoryview(len(message).to_bytes(_LENGTH, "little") + message)
    while data:
        data = data[os.write(descriptor, data) :]


class _Ways(dict[type, Any]):
    """How objects are taken apart: named tuples, of which messages are made, in half the time that pickle takes."""

    def __missing__(self, kind: type) -> Any:
        if not (issubclass(kind, tuple) and hasattr(kind, "_fields")):
            return copyreg.dispatch_table[kind]  # or a KeyError: pickle asks the object itself
        self[kind] = _class_and_fields
        return _class_and_fields


def _class_and_fields(value: tuple[Any, ...]) -> tuple[type, tuple[Any, ...]]:
    return type(value), tuple(value)


class Packer:
    """Pickles the messages that go one way: what an earlier one has named, a later one only refers to.

    Of a task most are classes, paths and hashes of helpers that others have too: to name them again each time takes
    twice as long, at both ends.
    """

    def __init__(self) -> None:
        self._ways = _Ways()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget what was named: the last message was not sent."""
        self._buffer = io.BytesIO()
        self._pickler = pickle.Pickler(self._buffer, pickle.HIGHEST_PROTOCOL)
        self._pickler.dispatch_table = self._ways
        self._sent = 0

    def __call__(self, message: Any) -> bytes:
        """Pack a message, which has to be sent: those after it count on it."""
        if self._sent > _MOST:
            self.begin_anew()
        self._buffer.seek(0)
        self._buffer.truncate()
        self._buffer.write(_ON if self._sent else _ANEW)
        try:
            self._pickler.dump(message)
        except BaseException:
            self.begin_anew()  # what this message has named is not known at the other end
            raise
        self._sent += self._buffer.tell()
        return self._buffer.getvalue()


def whole(pickled: bytes) -> bytes:
    """Make a message of what was pickled by itself, in another way."""
    return _WHOLE + pickled


class Unpacker:
    """Unpickles what a `Packer` at the other end, a process of ours, has packed: each message once, in order."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._unpickler: pickle.Unpickler | None = None

    def __call__(self, message: bytes) -> Any:
        """Unpack a message."""
        if message[:1] == _WHOLE:
            return pickle.loads(message[1:])  # noqa: S301
        if message[:1] == _ANEW:
            self._unpickler = pickle.Unpickler(self._buffer)  # noqa: S301
        if self._unpickler is None:
            raise ValueError("it refers to a message that could not be read")
        self._buffer.seek(0)
        self._buffer.truncate()
        self._buffer.write(message)
        self._buffer.seek(1)
        unpickler, self._unpickler = self._unpickler, None  # until this one is read, those after it cannot be
        unpacked = unpickler.load()
        self._unpickler = unpickler
        return unpacked
