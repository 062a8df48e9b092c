"""Load a pipeline file: its definitions as live objects, in this process or in a worker."""

import importlib
import importlib.util
import keyword
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from pivot.discovery.blame import blamed, place_in
from pivot.discovery.errors import DiscoveryError
from pivot.discovery.modules import Modules, PipelineLoader
from pivot.discovery.names import PYTHON_FILE
from pivot.pipeline import Pipeline
from pivot.pipeline.identities import pinned
from pivot.pipeline.parts import Part
from pivot.registry.definition import Origin
from pivot.registry.registration import RegistryStageInfo
from pivot.registry.types import PipelineName, StageRef

if TYPE_CHECKING:
    from pivot.fingerprint.imports import ImportPath
    from pivot.fingerprint.summaries import Summaries

LOADER = "pivot.discovery.loading:load_live"


class Live:
    """A loaded pipeline file: the stages themselves, and the surroundings that their code expects."""

    def __init__(self, pipeline: Pipeline, file: Path, modules: Modules) -> None:
        self.pipeline = pipeline
        self._file = file
        self._modules = modules
        self._space = modules.space(file.parent)

    def get(self, ref: StageRef) -> RegistryStageInfo:
        """Give one stage, of this pipeline or of one that it includes."""
        return self.pipeline.live(ref)

    def active(self) -> AbstractContextManager[None]:
        """Have the surroundings that the stages expect: needed to call them, and to load or save what they exchange."""
        return self._space.active()

    @property
    def project_root(self) -> Path:
        """The root of the project that it was loaded for."""
        return self._modules.project_root

    @property
    def pipeline_modules(self) -> Mapping[str, str]:
        """The names of modules that are pipeline files, this one and those that it imported -> the files."""
        return self._modules.pipelines

    def files(self) -> list[str]:
        """List the files of the user's modules that were loaded."""
        return self._modules.files()

    def imports(self, parts: Sequence[Part]) -> "ImportPath":
        """Say where the modules of stages come from; no directory is part of the labels of pipeline files."""
        from pivot.fingerprint.imports import ImportPath

        pins = {name: (name, file, Path(file).stem) for name, file in self.pipeline_modules.items()}
        pins |= {pin[0]: pin for pin in pinned(parts, self._space.path)}
        return ImportPath(self._space.path, tuple(sorted(pins.values())))

    def origins(self, parts: Sequence[Part]) -> dict[PipelineName, Origin]:
        """Say how another process gets at the stages; an included pipeline's are in the file that it came from."""
        files = {Path(file).parent: Path(file) for file in self.pipeline_modules.values()}
        return {part.name: origin_of(files.get(part.root, self._file), self.project_root) for part in parts}


def load_live(file: str, project_root: str) -> Live:
    """Load a pipeline file anew: what `Origin.loader` names, for workers. Raises DiscoveryError."""
    return load(Path(file), Path(project_root))


def origin_of(file: Path, project_root: Path) -> Origin:
    """Say how another process gets at the stages of a pipeline file."""
    return Origin(LOADER, (str(file), str(project_root)))


def load(file: Path, project_root: Path, summaries: "Summaries | None" = None) -> Live:
    """Execute the definitions in a pipeline file, with the code that its modules have now. Raises DiscoveryError.

    `summaries` get to know what is compiled for it.

    What the definitions do to the process (working directory, import path, variables, signal handlers, warning
    filters, output) is undone; `Live.active` makes again what stages may rely on.
    """
    modules = Modules(project_root, summaries)
    with blamed(file, project_root), modules.space(file.parent).loading():
        if file.name == PYTHON_FILE:
            module = _import(file, project_root, modules)
            return Live(_pipeline_in(module, place_in(file, project_root)), file, modules)
        from pivot.pipeline.yaml import load_pipeline_from_yaml  # imports yaml and pydantic

        return Live(load_pipeline_from_yaml(file, project=project_root), file, modules)


def _import(file: Path, project_root: Path, modules: Modules) -> ModuleType:
    dotted = dotted_name(file, project_root)
    if dotted is not None:
        return importlib.import_module(dotted)
    name = _unique_name(file, project_root)
    loader = PipelineLoader(name, str(file), modules)
    spec = importlib.util.spec_from_file_location(name, file, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    modules.space(file.parent).adopt(name, module)
    loader.exec_module(module)
    return module


def _pipeline_in(module: ModuleType, place: str) -> Pipeline:
    value: Any = getattr(module, "pipeline", None)
    if isinstance(value, Pipeline):
        return value
    if hasattr(module, "pipeline"):
        raise DiscoveryError(
            f"its variable `pipeline` is of type {type(value).__name__}, not a Pipeline",
            where=place,
            hint='write `pipeline = Pipeline("name")`, with `from pivot.pipeline import Pipeline`',
        )
    others = [name for name, other in vars(module).items() if isinstance(other, Pipeline)]
    hint = f"rename {others[0]} to `pipeline`" if others else 'add `pipeline = Pipeline("name")`'
    raise DiscoveryError("has no variable `pipeline`", where=place, hint=hint)


def module_name(file: Path, project_root: Path) -> str:
    """Give the name that a pipeline file is loaded under, with the import path as it is now."""
    return dotted_name(file, project_root) or _unique_name(file, project_root)


def dotted_name(file: Path, project_root: Path) -> str | None:
    """Give the name under which any module of the project can import the file, if there is one."""
    if not file.is_relative_to(project_root):
        return None
    parts = file.relative_to(project_root).with_suffix("").parts
    if any(not part.isidentifier() or keyword.iskeyword(part) for part in parts):
        return None
    return ".".join(parts) if _found_as(parts, file) else None


def _found_as(parts: tuple[str, ...], file: Path) -> bool:
    """Follow the import path as the interpreter would, without executing the packages on the way."""
    top, places = parts[0], None
    if BuiltinImporter.find_spec(top) or FrozenImporter.find_spec(top) or top in sys.modules:
        return False
    for name in parts[:-1]:
        # Not the dotted name: with that a namespace package wants its parents to be loaded.
        spec = PathFinder.find_spec(name, places)
        if spec is None or spec.submodule_search_locations is None:
            return False
        places = list(spec.submodule_search_locations)
    spec = PathFinder.find_spec(parts[-1], places)
    return spec is not None and spec.origin == str(file)


def _unique_name(file: Path, project_root: Path) -> str:
    relative = file.relative_to(project_root) if file.is_relative_to(project_root) else file
    return f"pivot_pipeline_{blake3(os.fsencode(relative)).hexdigest(4)}"
