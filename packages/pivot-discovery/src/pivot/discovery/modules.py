"""What one pipeline's code sees as `sys.modules` and `sys.path`, while it is loaded and while its stages run.

Modules               the user's modules of one loading; a finder of the import system while a space is active
ModuleSpace           one per pipeline root
  loading             be active while definitions are executed
  active              put its modules in, run, take them out
    _put_in
    _take_out         sort what was loaded: private to the pipeline, or shared
"""

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from pivot.discovery.ambient import Ambient, Change, undisturbed
from pivot.discovery.claims import claimed_names, foreign_modules
from pivot.discovery.names import PYTHON_FILE
from pivot.discovery.sources import FreshLoader, imported_names
from pivot.fingerprint.recorder import recorder
from pivot.fingerprint.territory import Territory

if TYPE_CHECKING:
    from pivot.fingerprint.summaries import Summaries


class Modules:
    """The user's modules of one loading: what its pipelines share, and a space for each pipeline."""

    def __init__(self, project_root: Path, summaries: "Summaries | None" = None) -> None:
        """`summaries` are those that are wanted of what is compiled meanwhile."""
        self.project_root = project_root
        self.summaries = summaries
        self.territory = Territory(project_root)
        self.shared: dict[str, ModuleType] = {}
        self.code: dict[str, CodeType] = {}
        """Name of a module, pipeline files apart -> its code, until somebody wants to know what it imports."""
        self._imports: dict[str, set[str]] = {}
        self.pipelines: dict[str, str] = {}
        """Name -> file of each module that is a pipeline file: always shared, so that it is one object."""
        self.current: ModuleSpace | None = None
        self.base_path: tuple[str, ...] = tuple(sys.path)
        """`sys.path` outside of all spaces."""
        self.spaces: dict[Path, ModuleSpace] = {}

    def space(self, root: Path) -> "ModuleSpace":
        """Give the space of the pipeline at `root`; the same each time."""
        if root not in self.spaces:
            self.spaces[root] = ModuleSpace(self, root)
        return self.spaces[root]

    def imports(self) -> dict[str, set[str]]:
        """Give the top-level names that each module imports, pipeline files apart."""
        while self.code:
            name, code = self.code.popitem()
            self._imports[name] = imported_names(code)
        return self._imports

    def files(self) -> list[str]:
        """List the files of all the user's modules that are loaded."""
        loaded = [
            *self.shared.values(),
            *(module for space in self.spaces.values() for module in space.private.values()),
        ]
        files = (getattr(module, "__file__", None) for module in loaded)
        return sorted({file for file in files if isinstance(file, str)})

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Let the other finders find it; what is the user's is loaded our way."""
        spec = self._ask_others(fullname, path, target)
        if spec is not None and self.current is not None and self._is_ours(spec):
            self.current.found[fullname] = _entry(spec)
            if type(spec.loader) is SourceFileLoader and spec.origin is not None:
                loader = PipelineLoader if self._is_pipeline(spec.origin) else _ModuleLoader
                spec.loader = loader(fullname, spec.origin, self)
        return spec

    def _ask_others(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            # Not the recorder's: it wants to be asked by the import system, and last.
            if not type(finder).__module__.startswith("pivot."):
                spec = finder.find_spec(fullname, path, target)
                if spec is not None:
                    return spec
        return None

    def _is_ours(self, spec: ModuleSpec) -> bool:
        places = [spec.origin] if spec.has_location and spec.origin else list(spec.submodule_search_locations or ())
        return any(self.territory.is_ours(place) for place in places)

    def _is_pipeline(self, path: str) -> bool:
        if os.path.basename(path) != PYTHON_FILE or not Path(path).is_relative_to(self.project_root):
            return False
        with recorder().unrecorded(), open(path, "rb") as file:
            return b"pivot" in file.read()


class _ModuleLoader(FreshLoader):
    """Note the code of a module: what it imports tells whether pipelines may share it."""

    def __init__(self, fullname: str, path: str, modules: Modules) -> None:
        super().__init__(fullname, path)
        self._modules = modules

    def get_code(self, fullname: str) -> CodeType | None:
        """Give the code."""
        code = super().get_code(fullname)
        if code is not None and fullname not in self._modules.pipelines:
            self._modules.code[fullname] = code
        return code

    def source_to_code(self, data: Any, path: Any) -> CodeType:  # type: ignore[override]
        """Compile a file. Where it is going to be summarised too, it is parsed once for both."""
        summaries = self._modules.summaries
        code = summaries.compiled(data, path) if summaries is not None and isinstance(data, bytes) else None
        return super().source_to_code(data, path) if code is None else code


class PipelineLoader(_ModuleLoader):
    """Load a pipeline file in its own space and directory, also when another pipeline imports it to include it."""

    def exec_module(self, module: ModuleType) -> None:
        """Execute the file."""
        self._modules.pipelines[module.__name__] = self.path
        space = self._modules.space(Path(self.path).parent)
        if space is self._modules.current:
            self._execute(module, space)
        else:
            with space.loading():
                self._execute(module, space)

    def _execute(self, module: ModuleType, space: "ModuleSpace") -> None:
        if space.root != self._modules.project_root:
            space.adopt(Path(self.path).stem, module)  # what its neighbours import it as
        super().exec_module(module)


class ModuleSpace:
    """The modules and surroundings of one pipeline."""

    def __init__(self, modules: Modules, root: Path) -> None:
        self.root = root
        self.found: dict[str, str] = {}
        """Name of each module of the user's that was found here -> the directory that it was found in."""
        self._modules = modules
        self.private: dict[str, ModuleType] = {}
        self._displaced: dict[str, ModuleType] = {}
        self._path: tuple[str, ...] = ()
        self._change = Change()
        self._claimed: tuple[str, ...] = ()
        """Top-level names that lie beside the pipeline or in the project root: they come before everybody else's."""
        self._beside: tuple[str, ...] = ()
        """Those beside the pipeline only."""
        self._foreign: tuple[str, ...] = ()
        """Modules of the user's that the process had loaded before, with code that may be old."""

    @contextlib.contextmanager
    def loading(self) -> Iterator[None]:
        """Be active while definitions are executed; what they change in their surroundings is found again later."""
        with recorder().unrecorded():
            self._look_around(self._modules.project_root)
        with self.active(keep=True), undisturbed(self.root):
            yield

    @contextlib.contextmanager
    def active(self, *, keep: bool = False) -> Iterator[None]:
        """Have modules, import path, variables and warning filters as this pipeline's code expects them.

        Another pipeline's space may be active; it is again afterwards. `keep`: what is changed meanwhile is the
        pipeline's own, not a stage's.
        """
        outer = self._modules.current
        with self._surroundings(keep) if outer is None else outer._suspended(), self._installed(keep):
            yield

    def _look_around(self, project: Path) -> None:
        self._claimed = claimed_names(self.root, project)
        self._beside = claimed_names(self.root) if self.root != project else ()
        self._foreign = foreign_modules(self._modules.territory)

    @property
    def path(self) -> tuple[str, ...]:
        """The import path that the pipeline's code has."""
        first = (str(self.root), str(self._modules.project_root))
        rest = (entry for entry in self._modules.base_path if entry not in ("", *first))
        return self._path or tuple(dict.fromkeys([*first, *rest]))

    def adopt(self, name: str, module: ModuleType) -> None:
        """Have a module under one more name."""
        self.found[name] = str(self.root)
        self._displace(name)
        sys.modules[name] = self.private[name] = module

    @contextlib.contextmanager
    def _surroundings(self, keep: bool) -> Iterator[None]:
        before = Ambient.now()
        self._modules.base_path = tuple(sys.path)
        self._change.applied(before).impose()
        try:
            yield
        finally:
            if keep:
                self._change = Change.between(before, Ambient.now())
            before.impose()

    @contextlib.contextmanager
    def _installed(self, keep: bool) -> Iterator[None]:
        before = sys.path[:]
        sys.path[:] = self.path
        self._put_in()
        try:
            yield
        finally:
            self._take_out()
            if keep:
                self._path = tuple(os.path.normpath(os.path.join(self.root, entry)) for entry in sys.path)
            sys.path[:] = before

    @contextlib.contextmanager
    def _suspended(self) -> Iterator[None]:
        path = sys.path[:]
        self._take_out()
        try:
            yield
        finally:
            self._put_in()
            sys.path[:] = path

    def _put_in(self) -> None:
        own = {**self._modules.shared, **self.private}
        for name in (*own, *self._foreign, *self._claimed_by_others(own)):
            self._displace(name)
        sys.modules.update(own)
        at = sys.meta_path.index(PathFinder) if PathFinder in sys.meta_path else len(sys.meta_path)
        sys.meta_path.insert(at, self._modules)
        self._modules.current = self

    def _claimed_by_others(self, own: dict[str, ModuleType]) -> list[str]:
        taken = tuple(f"{name}." for name in self._claimed if name in sys.modules and name not in own)
        return [name for name in sys.modules if f"{name}.".startswith(taken)] if taken else []

    def _displace(self, name: str) -> None:
        if name in sys.modules and name not in self._displaced:
            self._displaced[name] = sys.modules.pop(name)

    def _take_out(self) -> None:
        self._modules.current = None
        with contextlib.suppress(ValueError):
            sys.meta_path.remove(self._modules)
        taken = {name: sys.modules.pop(name, None) for name in {**self._modules.shared, **self.private, **self.found}}
        alone = self._alone()
        for name, module in taken.items():
            is_shared = name in self._modules.pipelines or name.partition(".")[0] not in alone
            if module is not None:
                (self._modules.shared if is_shared and name not in self.private else self.private)[name] = module
        sys.modules.update(self._displaced)
        self._displaced = {}

    def _alone(self) -> set[str]:
        """List the top-level names that mean something of this pipeline's, or lead to such."""
        common = {*self._modules.base_path, str(self._modules.project_root)}
        alone = {name for name, entry in self.found.items() if "." not in name and entry not in common}
        alone.update(self._beside)
        if not alone:
            return alone
        imports = self._modules.imports()
        while more := {name.partition(".")[0] for name, tops in imports.items() if tops & alone} - alone:
            alone |= more
        return alone


def _entry(spec: ModuleSpec) -> str:
    """Give the directory of the import path that a module was found in."""
    if spec.submodule_search_locations is None:
        return os.path.dirname(spec.origin or "")
    return os.path.dirname(next(iter(spec.submodule_search_locations), ""))
