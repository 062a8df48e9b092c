"""Python objects and arrays."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pivot.loaders.base import Loader, library


@dataclass(frozen=True)
class Pickle(Loader[Any]):
    """Python objects. Loading a pickle runs code that the file names: load only files whose makers you trust."""

    protocol: int = 5
    """Fixed, not the interpreter's newest: an upgrade of Python must not change what a stage writes."""

    def load(self, path: Path) -> Any:
        """Make the objects again, which runs code that the file names."""
        import pickle

        with path.open("rb") as file:
            return pickle.load(file)  # noqa: S301  (what this loader is for; its docstring warns)

    def save(self, value: Any, path: Path) -> None:
        """Write the object and all that it refers to."""
        import pickle

        with path.open("wb") as file:
            pickle.dump(value, file, protocol=self.protocol)


@dataclass(frozen=True)
class Numpy(Loader[Any]):
    """One array (`.npy`), or a mapping of arrays when the path ends in `.npz`. Never pickles."""

    compressed: bool = False
    """Of `.npz` only."""

    def load(self, path: Path) -> Any:
        """Read the array, or a dict of arrays."""
        numpy = library("Numpy", "numpy", "numpy")
        found = numpy.load(path, allow_pickle=False)
        if isinstance(found, numpy.ndarray):
            return found
        with found:
            return {name: found[name] for name in found.files}

    def save(self, value: Any, path: Path) -> None:
        """Write the array or the mapping."""
        numpy = library("Numpy", "numpy", "numpy")
        # Into an open file: given a path, numpy adds the suffix that it prefers.
        with path.open("wb") as file:
            if path.suffix != ".npz":
                numpy.save(file, numpy.asanyarray(value), allow_pickle=False)
            elif self.compressed:
                numpy.savez_compressed(file, **value)
            else:
                numpy.savez(file, **value)
