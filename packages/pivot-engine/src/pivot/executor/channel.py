"""Messages between a coordinator and a worker, over pipes: a length, then as many bytes.

Not `multiprocessing.connection`: importing it costs a worker twice what it costs to start Python.
"""

import os

_LENGTH = 8
_AT_ONCE = 1 << 20


class Inbox:
    """Puts messages together from what arrives at a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.ended = False
        """Whether no more can come."""
        self._arrived = bytearray()

    def next(self) -> bytes | None:
        """Give a message; None: there are no more, or, where the descriptor does not block, none is whole yet."""
        while (message := self._whole()) is None and not self.ended:
            try:
                arrived = os.read(self.descriptor, _AT_ONCE)
            except BlockingIOError:
                return None
            self._arrived += arrived
            self.ended = not arrived
        return message

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
