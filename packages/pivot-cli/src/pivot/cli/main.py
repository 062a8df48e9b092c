"""The entry point of the `pivot` command."""

import os
import sys
from typing import NoReturn

from pivot.cli.group import cli


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    occupy_standard_descriptors()
    sys.exit(cli.main(prog_name="pivot", standalone_mode=False))


def occupy_standard_descriptors() -> None:
    """Open what was closed (`>&-`) on nothing: else the next file opened is taken for stdout and written over."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
