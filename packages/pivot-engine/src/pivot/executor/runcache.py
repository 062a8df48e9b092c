"""The run cache: the same work, whoever did it and wherever its files lie, has the same key.

A key holds content only: code, parameters, input digests by argument, output names and kinds. What a run read without
declaring it cannot be part of a key that is asked before the run; a record therefore says what was observed, and while
that differs from now, a further key is derived from it (as ccache's direct mode does with include files).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from blake3 import blake3

from pivot.cache import Cache
from pivot.executor.trace import Artifact, Facts, Seen, Trace, UnreadableTraceError, from_data, to_data
from pivot.registry.definition import StageDefinition

Again = Callable[[Seen], Seen]
"""Looks at what was observed once more: the same names, with what they are now."""

# Made once: `json.dumps` makes one for each call that asks for anything special.
_compact = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
_in_order = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode

_LONGEST = 16
"""Records followed for one stage before giving up: each step is one more set of undeclared inputs."""


class Recalled(NamedTuple):
    """An equal run of anybody."""

    outs: Mapping[str, Artifact]
    facts: Facts


def key_of(facts: Facts) -> str:
    """Derive the key of a run from what it depends on, without any name or path of where it happens."""
    content = {
        "code": facts.code,
        "inputs": {name: [_digest(facts.deps[path]) for path in paths] for name, paths in sorted(facts.inputs.items())},
        "outputs": {name: (paths[0], len(paths) - 1) for name, paths in sorted(facts.outputs.items())},
        "params": dict(sorted(facts.params.items())),  # what is in them keeps its order: a stage can tell
        "python": facts.python,
    }
    return _hash("run", _in_order(content))


def _digest(artifact: Artifact | None) -> str | None:
    return None if artifact is None else artifact.digest


def _hash(purpose: str, content: str) -> str:
    raw = content.encode("utf-8", "surrogatepass")
    return blake3(raw, derive_key_context=f"pivot {purpose} v1").hexdigest()


class RunCache:
    """Remembers what runs gave, in the shared store."""

    def __init__(self, cache: Cache, again: Again) -> None:
        self._cache = cache
        self._again = again
        self._free: tuple[Facts, str] | None = None
        """For what there was no record at all when it was last recalled, and under which key."""

    def recall(self, stage: StageDefinition, facts: Facts) -> Recalled | None:
        """Find an equal run whose outputs are all kept."""
        first = key_of(facts)
        for key, record, seen in self._walk(first):
            if record is None:
                self._free = (facts, key) if key == first else None
            elif record.facts.observed == seen:
                outs = _renamed(record.outs, stage)
                if outs is not None and self.kept(outs):
                    return Recalled(outs, facts._replace(observed=seen))
        return None

    def remember(self, stage: StageDefinition, trace: Trace) -> None:
        """Keep a run. Of two equal runs the first one stays, as long as its outputs do."""
        if any(out.kind == "incremental" for out in stage.outputs):
            return  # its result depends on what was there before
        outs = _by_position(trace.outs, stage)
        bare = Facts(*trace.facts[:3], inputs={}, outputs={}, deps={}, observed=trace.facts.observed)
        free = self._free_for(trace.facts)
        if free is not None and self._cache.remember(free, to_data("", Trace(bare, outs))):
            return  # the common case, without a second look; else somebody was faster
        for key, record, seen in self._walk(key_of(trace.facts)):
            if record is None:
                self._cache.remember(key, to_data("", Trace(bare, outs)))
                return
            if record.facts.observed == seen:
                if record.outs == outs or self.kept(record.outs):
                    return
                # A function that gives other bytes each time: these are the ones that can be restored.
                self._cache.forget(key)
                self._cache.remember(key, to_data("", Trace(record.facts, outs)))
                return

    def _free_for(self, facts: Facts) -> str | None:
        if self._free is None:
            return None
        recalled, key = self._free
        return key if facts[:-1] == recalled[:-1] else None  # all but what was observed

    def _walk(self, key: str) -> Iterator[tuple[str, Trace | None, Seen]]:
        """Follow the records of a key; the last one is None, at the key where a new record belongs."""
        for _ in range(_LONGEST):
            record = self._read(key)
            if record is None:
                yield key, None, Seen()
                return
            seen = self._again(record.facts.observed)
            yield key, record, seen
            key = _hash("observed", _compact([key, seen]))

    def _read(self, key: str) -> Trace | None:
        found = self._cache.recall(key)
        if found is None:
            return None
        try:
            return from_data("", found)
        except UnreadableTraceError:
            return None

    def kept(self, outs: Mapping[str, Artifact]) -> bool:
        """Tell whether the store has the bytes of all these outputs."""
        return all(self._cache.has(artifact.digest) for artifact in outs.values())


def _slots(stage: StageDefinition) -> dict[str, str]:
    """Name each output by its key and position, which do not depend on where it lies."""
    return {path: f"{out.key}/{index}" for out in stage.outputs for index, path in enumerate(out.paths)}


def _by_position(outs: Mapping[str, Artifact], stage: StageDefinition) -> dict[str, Artifact]:
    return {slot: outs[path] for path, slot in _slots(stage).items()}


def _renamed(outs: Mapping[str, Artifact], stage: StageDefinition) -> dict[str, Artifact] | None:
    slots = _slots(stage)
    return {path: outs[slot] for path, slot in slots.items()} if set(slots.values()) == set(outs) else None
