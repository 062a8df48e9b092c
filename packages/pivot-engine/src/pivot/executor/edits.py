"""Edits between the coordinator's look at the code and this process's load of it."""

import sys
import time
from collections.abc import Mapping

from pivot.executor.trace import Trace
from pivot.registry.definition import EDITED, StageDefinition
from pivot.registry.marks import Seen, still
from pivot.registry.types import PipelineName

CodeFiles = Mapping[PipelineName, Mapping[str, Seen]]
"""Pipeline -> path -> file: all that the identities of its stages were computed from."""


class Edits:
    """Tells whether a stage ran the code that the coordinator identified.

    A module that is loaded while its file is as it was identified stays good, whatever becomes of the file. A file
    that differs before that was seen may have been loaded either way.
    """

    def __init__(self, files: CodeFiles) -> None:
        self._files = files
        self._good: dict[PipelineName, set[str]] = {}

    def loaded(self, stage: StageDefinition) -> bool:
        """Note the modules that are loaded now; tell whether each surely has the code that was identified."""
        files = self._files.get(stage.ref.pipeline, {})
        if stage.origin is None or not files:
            return True
        good = self._good.setdefault(stage.ref.pipeline, set())
        if len(good) == len(files):
            return True
        left = files.keys() - good
        same = {path for path in left if _same(path, files[path])}
        good |= same & {getattr(module, "__file__", None) for module in list(sys.modules.values())}
        return same == left

    def none(self, stage: StageDefinition) -> bool:
        """Tell whether every file is as it was identified, loaded or not."""
        files = self._files.get(stage.ref.pipeline, {})
        return all(_same(path, seen) for path, seen in files.items())


def unidentified(trace: Trace) -> Trace:
    """Give the trace of a run of nobody knows which code."""
    facts = trace.facts._replace(code=EDITED)
    return trace._replace(facts=facts, manifest={**trace.manifest, EDITED: EDITED})


def _same(path: str, seen: Seen) -> bool:
    return still(path, seen, time.time_ns()) is not None
