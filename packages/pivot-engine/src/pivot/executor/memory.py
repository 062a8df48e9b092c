"""What stages of one process read to fill caches that later stages of the process find filled.

A helper that keeps what it read (`functools.cache`, a table at the top of a module, a global that is set on first use)
reads in the first stage only; the second gets the value, and nothing of it can be observed. So whoever reaches a
binding that an earlier stage filled inherits what was read for it. For a function that keeps values this is what was
used while it ran; for other state it is what was used while any function ran that both stages have in common.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from pivot.executor.trace import Seen
from pivot.fingerprint.observed import Declared, Observed
from pivot.fingerprint.recording import Recording
from pivot.fingerprint.state import Kept, changed, state_of

Code = Mapping[str, str]
"""Qualified name -> hash: what a stage reaches."""


class _Filled(NamedTuple):
    """State that one stage left behind."""

    functions: Code
    """The bindings that it changed: functions ..."""
    data: Code
    """... and anything else."""
    seen: Seen
    users: Mapping[str, frozenset[str]]
    """File or variable -> the definitions during which it was used."""


class Memory:
    """Remembers, for one process: `look` before each stage, `remember` after it, `inherited` by each stage."""

    def __init__(self, redefinitions: Callable[[], int]) -> None:
        """`redefinitions` counts how often functions were given other defaults."""
        self._redefinitions = redefinitions
        self._counted = 0
        self._kept: Mapping[str, Kept] = {}
        """What was last seen, when so many had been counted."""
        self._filled: list[_Filled] = []

    def look(self, code: Code) -> Mapping[str, Kept]:
        """Mark what a stage with this code may fill."""
        counted = self._redefinitions()
        self._kept = state_of(code, self._kept if counted == self._counted else {})
        self._counted = counted
        return self._kept

    def remember(
        self, before: Mapping[str, Kept], code: Code, recording: Recording, first: Callable[[Observed], Seen]
    ) -> None:
        """Keep what a stage used, failed or not, if it changed what outlives it. `before` is what `look` gave."""
        filled = changed(before, self.look(code))
        if not filled:
            return
        functions, data = ({name: code[name] for name in filled if filled[name] is kind} for kind in (True, False))
        found = _Filled(functions, data, first(recording.observed()), recording.users())
        if found.seen and found not in self._filled:
            self._filled.append(found)

    def inherited(self, code: Code, declared: Iterable[str]) -> Seen:
        """Give what was used, as it was then, for state that a stage with this code may find; without the declared."""
        found = Seen()
        for filled in self._filled:
            common = set(code) if _shared(filled.data, code) else _shared(filled.functions, code)
            if common:
                found = joined(found, _used_in(filled, common))
        if not found:
            return found
        known = Declared(declared)
        used = {name for name in (*found.files, *found.directories) if name not in known}
        asked = {name for name in (*found.present, *found.missing) if name not in known and name not in known.leading}
        return _only(found, {*used, *asked, *found.environment})


def _shared(bindings: Code, code: Code) -> set[str]:
    return {name for name, own in bindings.items() if code.get(name) == own}


def _used_in(filled: _Filled, functions: set[str]) -> Seen:
    """Keep what was used while one of these functions ran, or nobody knows who."""
    wanted = functions | {""}
    return _only(filled.seen, {subject for subject, users in filled.users.items() if users & wanted})


def _only(seen: Seen, subjects: set[str]) -> Seen:
    return Seen(
        {name: value for name, value in seen.files.items() if name in subjects},
        {name: value for name, value in seen.directories.items() if name in subjects},
        tuple(name for name in seen.present if name in subjects),
        tuple(name for name in seen.missing if name in subjects),
        {name: value for name, value in seen.environment.items() if name in subjects},
        seen.code,
    )


def joined(seen: Seen, earlier: Seen) -> Seen:
    """Add what was seen earlier, as it was then: what changed meanwhile makes the stage stale."""
    if not earlier:
        return seen
    return Seen(
        {**seen.files, **earlier.files},
        {**seen.directories, **earlier.directories},
        tuple(sorted({*seen.present, *earlier.present})),
        tuple(sorted({*seen.missing, *earlier.missing})),
        {**seen.environment, **earlier.environment},
        seen.code,
    )
