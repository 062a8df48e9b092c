"""Files that name digests: JSON of which any string may be one. What they are about is not known here."""

import fnmatch
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pivot.cache.digest import Digest
from pivot.cache.errors import BrokenRootError
from pivot.cache.files import is_regular, open_regular, read_all

DIGEST = re.compile(r"b3t?:[0-9a-f]{64}")
_LARGEST = 1 << 28


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON with all its pairs: a file merged by hand may have a key twice."""


class Names(NamedTuple):
    """Digests in one file, each with the key that it is under."""

    made: dict[Digest, str]
    """Under `outs`: what the file is about."""
    other: dict[Digest, str]
    """Anywhere else: what it only mentions, which may be what another one is about."""

    @property
    def every(self) -> dict[Digest, str]:
        """Give all of them."""
        return {**self.other, **self.made}


def names_in(data: bytes) -> Names:
    """Give every digest in a JSON text; raise `ValueError`."""
    try:
        top = json.loads(data, object_pairs_hook=_Pairs)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except ValueError as error:
        marked = b"<<<<<<< " in data and b">>>>>>> " in data
        raise ValueError("it has merge conflict markers" if marked else f"it is no JSON ({error})") from None
    return _names(top, top if isinstance(top, _Pairs) else [])


def names_of(value: Mapping[str, Any]) -> Names:
    """Give every digest in JSON values."""
    return _names(value, value.items())


def _names(top: Any, pairs: Iterable[tuple[str, Any]]) -> Names:
    made = {digest: key for name, inner in pairs if name == "outs" for digest, key in _digests(inner)}
    return Names(made, {digest: key for digest, key in _digests(top) if digest not in made})


def _digests(top: Any) -> Iterator[tuple[Digest, str]]:
    waiting = [(top, "")]  # no recursion: how deep it goes is for the file to say
    while waiting:
        value, key = waiting.pop()
        if isinstance(value, str):
            if DIGEST.fullmatch(value):
                yield Digest(value), key
        elif isinstance(value, _Pairs | dict):
            pairs = value.items() if isinstance(value, dict) else value
            waiting += [part for name, inner in pairs for part in ((name, key), (inner, name))]
        elif isinstance(value, list):
            waiting += [(inner, key) for inner in value]


def read_names(path: str) -> Names:
    """Read the digests that a file names; raise `BrokenRootError`, or `FileNotFoundError` if it has just gone."""
    try:
        return names_in(_read(path))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise broken(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise broken(path, str(error)) from None


def _read(path: str) -> bytes:
    descriptor = open_regular(path, follow=True)
    try:
        status = os.fstat(descriptor)
        if not is_regular(status):
            raise ValueError("it is no regular file")
        if status.st_size > _LARGEST:
            raise ValueError("it is too large")
        return read_all(descriptor, status.st_size)
    finally:
        os.close(descriptor)


def matching(folder: str, pattern: str) -> list[str]:
    """List the files of a folder with such names; of a folder that is not there, none. Raise `BrokenRootError`."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        # Not passed over, as `glob` does: what cannot be seen may name everything.
        raise broken(folder, error.strerror or str(error)) from error
    return [f"{folder}/{name}" for name in sorted(names) if fnmatch.fnmatchcase(name, pattern)]


def broken(place: str, why: str) -> BrokenRootError:
    """Make the error for a file that may name objects and cannot be read."""
    return BrokenRootError(
        f"nothing was deleted: {place} names objects and cannot be read: {why}\n"
        "mend or delete it, or leave it out with --ignore-broken (ignore_broken=True)"
    )
