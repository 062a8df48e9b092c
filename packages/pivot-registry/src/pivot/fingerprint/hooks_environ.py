"""See which environment variables the user's code reads."""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pivot.fingerprint.callers import Caller, caller, is_importing
from pivot.fingerprint.observed import WHOLE_ENVIRONMENT, is_of_the_session
from pivot.fingerprint.recording import Recording, Recordings
from pivot.registry.environment import environment, variable

# Libraries that read variables for who calls them. What others read (threads, colours, caches) is their own affair.
_SPEAKERS = frozenset(
    ["configargparse", "decouple", "dynaconf", "environ", "environs", "omegaconf", "pydantic_settings"]
)
_SPEAKERS_OF_THE_INTERPRETER = frozenset(["string", "configparser", "collections", "concurrent"])
"""Those that read what they are given: templates, `ChainMap(os.environ, defaults)`, `pool.map(os.getenv, names)`."""
_FOR_PATHS = frozenset(["expanduser", "get_exec_path", "home"])
_ALL_AT_ONCE = frozenset(["__iter__", "items", "values"])


class EnvironHooks:
    """The methods of `os.environ` that read and write, replaced while something records."""

    def __init__(self, active: Callable[[], Recordings]) -> None:
        self._active = active
        self.plain = Plain(frozenset())
        """What the variables are taken to be."""
        kind = type(os.environ)
        self._real: Mapping[str, Callable[..., Any]] = {
            name: vars(kind)[name] for name in ("__getitem__", "__iter__", "__setitem__", "__delitem__")
        }
        self._ours: Mapping[str, Callable[..., Any]] = {
            "__getitem__": self._get(),
            "__iter__": self._iterate(),
            "__setitem__": self._set("__setitem__"),
            "__delitem__": self._set("__delitem__"),
        }
        self._kind: Any = kind
        self._installed = False
        self.stay = False
        """Stay in place between recordings."""

    def install(self) -> None:
        """Put the recording methods in place."""
        if not self._installed:
            self._put(self._ours)
            self._installed = True

    def remove(self) -> None:
        """Put the methods of `os` back."""
        if not self.stay:
            self._put(self._real)
            self._installed = False

    def _put(self, methods: Mapping[str, Callable[..., Any]]) -> None:
        for name, function in methods.items():
            setattr(self._kind, name, function)

    def _get(self) -> Callable[..., Any]:
        real = self._real["__getitem__"]

        def __getitem__(environ: Any, key: Any) -> Any:  # noqa: N807
            if recordings := self._active():
                reader = caller(1)
                if _ALL_AT_ONCE.isdisjoint(reader.through):  # reading all of it ends here too, once for each variable
                    self._reads_one(reader, _text(key), recordings)
            return real(environ, key)

        return __getitem__

    def _iterate(self) -> Callable[..., Any]:
        real = self._real["__iter__"]

        def __iter__(environ: Any) -> Iterator[Any]:  # noqa: N807
            if recordings := self._active():
                self._reads_all(caller(1), recordings)
            return real(environ)  # type: ignore[no-any-return]

        return __iter__

    def _set(self, name: str) -> Callable[..., Any]:
        real = self._real[name]

        def change(environ: Any, key: Any, *value: Any) -> Any:
            for recording in self._active():
                recording.sets_variable(_text(key))
            return real(environ, key, *value)

        return change

    def _reads_one(self, reader: Caller, name: str, recordings: Recordings) -> None:
        for recording in recordings:
            if _counts(reader, recording) and not _is_copying(recording, reader, name):
                recording.reads_variable(name, self.plain, reader.frame)

    def _reads_all(self, reader: Caller, recordings: Recordings) -> None:
        for recording in recordings:
            if _counts(reader, recording):
                recording.reads_variable(WHOLE_ENVIRONMENT, self.plain, reader.frame)
                if reader.frame is not None and reader.code is not None:
                    recording.copying = reader.code, reader.frame.f_lasti


def _is_copying(recording: Recording, reader: Caller, name: str) -> bool:
    """Whether somebody who has asked for the names asks for each value: as `dict(os.environ)` and loops do."""
    whole, frame = recording.copying, reader.frame
    if whole is None or frame is None or reader.code is not whole[0]:
        return False
    return frame.f_lasti == whole[1] or is_of_the_session(name)


class Plain(Mapping[str, str]):
    """The variables as they are, unrecorded, but for some that are taken for not set. What is asked for is decoded."""

    def __init__(self, without: frozenset[bytes]) -> None:
        self._without = without

    def __getitem__(self, name: str) -> str:
        raw = os.fsencode(name)
        value = None if raw in self._without else variable(raw)
        if value is None:
            raise KeyError(name)
        return os.fsdecode(value)

    def __iter__(self) -> Iterator[str]:
        return (os.fsdecode(raw) for raw in environment() if raw not in self._without)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _text(key: Any) -> str:
    return os.fsdecode(key) if isinstance(key, (str, bytes)) else ""


def _counts(reader: Caller, recording: Recording) -> bool:
    """Whether the user's code reads, itself or by a library whose trade it is."""
    ours = recording.territory.is_ours
    if ours(reader.filename) or "expandvars" in reader.through:
        return _FOR_PATHS.isdisjoint(reader.through)
    package = reader.module.partition(".")[0]
    return package in _SPEAKERS | _SPEAKERS_OF_THE_INTERPRETER and not is_importing(reader.frame)
