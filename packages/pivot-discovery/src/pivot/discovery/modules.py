"""What one pipeline's code sees as `sys.modules` and `sys.path`, while it is loaded and while its stages run.

Modules
  finds the user's modules (`find_spec`), wherever they live, and loads them with `FreshLoader`
  ModuleSpace         one per pipeline root
    active            puts its modules in, and takes them out again
      _enter, _leave
"""

import contextlib
import importlib.machinery
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from pivot.discovery.ambient import Ambient, Change, undisturbed
from pivot.discovery.names import PYTHON_FILE
from pivot.discovery.sources import FreshLoader, imported_names
from pivot.fingerprint.territory import Territory


class Modules:
    """The user's modules of one loading: those that all its pipelines share, and a space for each pipeline.

    While a space is active this is a finder of the import system.
    """

    def __init__(self, project_root: Path) -> None:
        self.project_root = project_root
        self.territory = Territory(project_root)
        self.shared: dict[str, ModuleType] = {}
        self.found: dict[str, str] = {}
        """Name of each of the user's modules that was looked for -> the entry of the import path that has its top."""
        self.imports: dict[str, set[str]] = {}
        """Top-level names that a module imports."""
        self.current: ModuleSpace | None = None
        self._spaces: dict[Path, ModuleSpace] = {}

    def space(self, root: Path) -> "ModuleSpace":
        """Give the space of the pipeline at `root`; the same each time."""
        if root not in self._spaces:
            self._spaces[root] = ModuleSpace(self, root)
        return self._spaces[root]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Let the other finders find it; if it is the user's, it is loaded our way."""
        spec = self._ask_others(fullname, path, target)
        if spec is None or not self._is_ours(spec):
            return None if spec is None else spec
        self.found[fullname] = _entry(fullname, spec)
        if type(spec.loader) is SourceFileLoader and spec.origin is not None:
            spec.loader = self._loader(fullname, spec.origin)
        return spec

    def _ask_others(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        after = sys.meta_path[sys.meta_path.index(self) + 1 :]
        for finder in after:
            # Not the recorder's: it wants to be asked by the import system, and last.
            if not type(finder).__module__.startswith("pivot."):
                spec = finder.find_spec(fullname, path, target)
                if spec is not None:
                    return spec
        return None

    def _is_ours(self, spec: ModuleSpec) -> bool:
        places = [spec.origin] if spec.has_location and spec.origin else list(spec.submodule_search_locations or ())
        return any(self.territory.is_ours(place) for place in places)

    def _loader(self, fullname: str, path: str) -> FreshLoader:
        directory = Path(path).parent
        is_pipeline = os.path.basename(path) == PYTHON_FILE and directory.is_relative_to(self.project_root)
        if is_pipeline and self.current is not None and directory != self.current.root and _mentions_pivot(path):
            return _OtherPipelineLoader(fullname, path, self, self.space(directory))
        return _RememberingLoader(fullname, path, self)


class _RememberingLoader(FreshLoader):
    """Note what a module imports, so that it can be told whether pipelines may share it."""

    def __init__(self, fullname: str, path: str, modules: Modules) -> None:
        super().__init__(fullname, path)
        self._modules = modules

    def get_code(self, fullname: str) -> CodeType:
        code = super().get_code(fullname)
        self._modules.imports[fullname] = imported_names(code)
        return code


class _OtherPipelineLoader(_RememberingLoader):
    """Load a pipeline file that another pipeline imports, to include it: among its own modules, in its own directory."""

    def __init__(self, fullname: str, path: str, modules: Modules, space: "ModuleSpace") -> None:
        super().__init__(fullname, path, modules)
        self._space = space

    def exec_module(self, module: ModuleType) -> None:
        with self._space.loading():
            super().exec_module(module)


class ModuleSpace:
    """The modules and surroundings of one pipeline."""

    def __init__(self, modules: Modules, root: Path) -> None:
        self.root = root
        self._modules = modules
        self._private: dict[str, ModuleType] = {}
        self._change = Change()
        self._ambient = Ambient((), {}, ())
        self._displaced: dict[str, ModuleType] = {}
        self._foreign: tuple[str, ...] = ()
        """Modules of the project that the process had loaded before, with code that may be old."""
        self._claimed: tuple[str, ...] = ()
        """Names of modules beside the pipeline and in the project root: they come before everybody else's."""

    @contextlib.contextmanager
    def loading(self) -> Iterator[None]:
        """Be active while definitions are executed: what they change in the surroundings stays with the space."""
        self._look_around()
        with self.active(keep=True), undisturbed(self.root):
            yield

    @contextlib.contextmanager
    def active(self, *, keep: bool = False) -> Iterator[None]:
        """Have `sys.modules`, `sys.path`, variables and warning filters as this pipeline's code expects them.

        May be nested, for other pipelines too. `keep`: changes of the surroundings belong to the pipeline.
        """
        outer = self._modules.current
        if outer is not None:
            outer._leave(keep=True)
        self._enter()
        try:
            yield
        finally:
            self._leave(keep=keep)
            if outer is not None:
                outer._enter()

    def path(self) -> tuple[str, ...]:
        """Give the import path that the pipeline's code has."""
        return self._change.path or self._initial_path(tuple(sys.path))

    def adopt(self, name: str, module: ModuleType) -> None:
        """Have a module under a further name, for this pipeline only."""
        self._private[name] = module
        if self._modules.current is self:
            self._displace(name)
            sys.modules[name] = module
            self._modules.found[name] = str(self.root)
