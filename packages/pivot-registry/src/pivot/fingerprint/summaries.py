"""Per-file summaries (interim)."""

from pathlib import Path


class Summaries:
    def __init__(self, directory: Path | None) -> None:
        self.directory = directory

    def save(self) -> None: ...
