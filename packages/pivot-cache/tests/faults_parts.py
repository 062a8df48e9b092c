"""A state taken apart, so that a reader is not asked twice what can only have the same answer.

What it says of one object or record depends on the files of that one, on the index, and on the folders of the store. So
each is asked for once with each index that it was seen with; whatever else lies in a store (leases, locks, drafts)
is seen once as each of the things that it may be. That nothing else matters is looked at too: every `WHOLE`th state is
asked for everything, and must answer as the others did.
"""

import stat
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from faults_disk import State
from faults_recorder import TOP, Meta

from pivot.cache.layout import Layout
from pivot.cache.names import parse
from pivot.cache.recordlines import hashed
from pivot.cache.records import Records

WHOLE = 50

Fact = tuple[str, str]
"""`object` or `record`, and its name."""
Lying = tuple[bytes, Meta] | None
"""What lies at a path: a file, or None for a folder."""

_FRAME = {"store.json", "index.lmdb/data.mdb", "index.lmdb/unsynced"}
_LAYOUT = Layout("")
_RECORDS = Records(_LAYOUT, durable=False, writable=False)


class Parts(NamedTuple):
    """What the answers of a state depend on, as numbers that are equal for equal things."""

    asked: dict[Fact, int]
    rest: frozenset[int]


def parts(state: State, facts: Iterable[Fact], belonging: Mapping[str, Iterable[str]]) -> Parts:
    """Take a state apart; `belonging` gives the objects that a tree consists of."""
    lying = _lying(state)
    frame = {path: what for path, what in lying.items() if path in _FRAME or (what is None and "/" not in path)}
    of = {fact: _paths(fact, belonging) for fact in facts}
    taken = {path for paths in of.values() for path in paths}.union(frame)
    asked = {fact: _number({**frame, **{path: lying.get(path, ()) for path in paths}}) for fact, paths in of.items()}
    return Parts(asked, frozenset(hash(pair) for pair in lying.items() if pair[0] not in taken))


def _number(lying: Mapping[str, object]) -> int:
    return hash(frozenset(lying.items()))


def _lying(state: State) -> dict[str, Lying]:
    within: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
    for (folder, name), file in state.names.items():
        within[folder].append((name, file))
    lying: dict[str, Lying] = {}
    waiting = [(TOP, "")]
    while waiting:
        folder, above = waiting.pop()
        for name, file in within[folder]:
            data, meta = state.files[file]
            lying[above + name] = None if stat.S_ISDIR(meta.mode) else (data, meta)
            if file in state.folders:
                waiting.append((file, f"{above}{name}/"))
    return lying


def _paths(fact: Fact, belonging: Mapping[str, Iterable[str]]) -> list[str]:
    """Where the files of something lie, and the folders that they are in."""
    kind, name = fact
    if kind == "record":
        files = [_RECORDS._path(hashed(name))]
    else:
        files = [_LAYOUT.object(parse(digest)) for digest in (name, *belonging.get(name, ()))]
    relative = [file.removeprefix("/") for file in files]
    return [*relative, *(file.rpartition("/")[0] for file in relative)]
