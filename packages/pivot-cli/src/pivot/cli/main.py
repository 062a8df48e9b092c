"""The entry point of the `pivot` command."""

import atexit
import contextlib
import os
import signal
import sys
from typing import NoReturn

from pivot.fingerprint.collection import collect_rarely
from pivot.registry.endings import Terminated, handling, terminable


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    occupy_standard_descriptors()
    try:
        with terminable():
            code = _command()
    except KeyboardInterrupt as ended:
        code = _told(ended)
    _leave(code)


def _command() -> int:
    collect_rarely()
    from pivot.cli.group import cli  # takes a tenth of a second, in which somebody may press Ctrl-C

    return cli.main(prog_name="pivot", standalone_mode=False)


def _leave(code: int) -> NoReturn:
    """End as a program does, but neither wait for threads of the user's modules nor take everything apart.

    All is said: Ctrl-C now changes nothing but how long it takes.
    """
    with handling({signal.SIGINT: lambda _number, _frame: os._exit(code)}):
        atexit._run_exitfuncs()
        for stream in filter(None, (sys.stdout, sys.stderr)):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def _told(ended: KeyboardInterrupt) -> int:
    """Say what ended the command before, or after, there was anything that tells errors."""
    word = f"terminated ({ended})" if isinstance(ended, Terminated) else "interrupted"
    with contextlib.suppress(OSError):
        os.write(2, f"pivot: error: {word}\n".encode())
    return ended.code if isinstance(ended, Terminated) else 128 + signal.SIGINT


def occupy_standard_descriptors() -> None:
    """Open what was closed (`>&-`) on nothing: else the next file opened is taken for stdout and written over.

    Programs that are started have it too: a worker without a stdout could run no stage.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest free number, which is this one
