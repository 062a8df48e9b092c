"""Cause faults while pivot runs, and print figures: what goes wrong afterwards, which should be nothing.

    uv run tools/faults_engine.py points        a kill before each change of the file system (--every N: of some)
    uv run tools/faults_engine.py kills         the whole process group, at random instants (--number N, --program)
    uv run tools/faults_engine.py damage        garbage in place of pivot's own files, and modes (--every N, --all)
    uv run tools/faults_engine.py limits        few open files, little memory, small files, no processes
    uv run tools/faults_engine.py machine       edits, kills, moves, revisions, losses in any order (--stories N)
    uv run tools/faults_engine.py calls         a kill, or an error, at each system call that writes (needs strace)
    uv run tools/faults_engine.py space         no space left, at every size (mounts tmpfs)

Each has its own --help. CI runs the same at a small size (pytest -m faults).
"""

import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = ("tests-integration", "packages/pivot-cache/tests")
KINDS = ("points", "kills", "damage", "limits", "machine", "calls", "space")


def main(arguments: list[str]) -> int:
    """Hand over to the module that causes this kind of fault."""
    if not arguments or arguments[0] not in KINDS:
        print(__doc__)
        return 2
    sys.path[:0] = [str(ROOT / folder) for folder in SHARED]
    code: int = importlib.import_module(f"faults_{arguments[0]}").main(arguments[1:])
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
