"""Where the standard library is. Not by `sysconfig`: to import and to ask it takes 3 ms of every process."""

import os
import sys

STDLIB = os.path.dirname(os.__file__)
PLATFORM = os.path.join(sys.exec_prefix, sys.platlibdir, os.path.basename(STDLIB))
"""Where its compiled part may be, as far as it has a place of its own."""
