"""Random numbers: a stage finds the shared generators as in a process of its own that has just loaded its pipeline."""

import os
import random
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from pivot.registry.definition import Origin


class _Generator(NamedTuple):
    """A generator that all share who ask for no other. Each function is given its module."""

    seed: Callable[[Any], object]
    """Seed it from the system."""
    draw: Callable[[Any], object]
    """Draw once: the next few hundred draws leave its key alone."""
    key: Callable[[Any], Any]
    state: Callable[[Any], Any]
    restore: Callable[[Any, Any], object]
    is_seeded: Callable[[Any], bool]
    """Whether somebody has seeded it since its module was imported."""


def _numpy_is_seeded(module: Any) -> bool:
    source = getattr(module, "get_bit_generator", lambda: None)()
    return getattr(source, "seed_seq", source) is None and source is not None


_GENERATORS: Mapping[str, _Generator] = {
    # Imported above: if the user's code were the first, nobody could tell whether it has seeded it.
    random.__name__: _Generator(
        lambda module: module.seed(int.from_bytes(os.urandom(16), "little")),
        lambda module: module.random(),
        lambda module: module.getstate()[1][:-1],
        lambda module: module.getstate(),
        lambda module, state: module.setstate(state),
        lambda _: False,
    ),
    "numpy.random": _Generator(
        lambda module: module.seed(struct.unpack("4I", os.urandom(16))),
        lambda module: module.random_sample(),
        lambda module: bytes(module.get_state()[1]),
        lambda module: module.get_state(),
        lambda module, state: module.set_state(state),
        _numpy_is_seeded,
    ),
}


class Chance:
    """What seeds the stages of this process.

    `random.seed(42)` at the top of a pipeline's module gives each of its stages the same numbers in every run, whatever
    ran before it. Where nobody has seeded, the system does, before each stage: 5 us, and 10 for numpy's. To leave the
    generators alone would let one stage's seed decide the numbers of the next; to put them back as they were would give
    all stages of a worker the same numbers.
    """

    def __init__(self) -> None:
        self._seeded: dict[Origin, dict[str, Any]] = {}

    @contextmanager
    def loading(self, origin: Origin) -> Iterator[None]:
        """Take note of what is seeded while a pipeline is loaded."""
        _seed_all()
        for name, module in _imported():
            _GENERATORS[name].draw(module)
        before = {name: _GENERATORS[name].key(module) for name, module in _imported()}
        yield
        self._seeded[origin] = {
            name: _GENERATORS[name].state(module)
            for name, module in _imported()
            if _was_seeded(_GENERATORS[name], module, before.get(name))
        }

    def begin(self, origin: Origin | None) -> None:
        """Prepare the generators for a stage; None: of a pipeline that lives in another process."""
        _seed_all()
        for name, state in self._seeded.get(origin, {}).items() if origin is not None else ():
            _GENERATORS[name].restore(sys.modules[name], state)


def _was_seeded(generator: _Generator, module: Any, before: Any) -> bool:
    return generator.is_seeded(module) if before is None else generator.key(module) != before


def _seed_all() -> None:
    for name, module in _imported():
        _GENERATORS[name].seed(module)


def _imported() -> Iterator[tuple[str, Any]]:
    for name in _GENERATORS:
        if (module := sys.modules.get(name)) is not None:
            yield name, module
