"""Files of a state directory: their folders are made when they are missing, which is once in many thousand times."""

import os


def opened(path: str, flags: int) -> int:
    """Open a file to write to, and make the folder that it is in if there is none."""
    try:
        return os.open(path, flags | os.O_CLOEXEC, 0o666)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return os.open(path, flags | os.O_CLOEXEC, 0o666)
