"""Paths in `pivot.yaml`: they override what annotations of the function say, or declare what those leave open."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any, NamedTuple

from pivot.outputs import Dep, Metric, Out, Plot
from pivot.pipeline.errors import PipelineConfigError
from pivot.registry.hints import Unknown
from pivot.registry.markers import unmarked
from pivot.registry.paths import input_spec, output_spec
from pivot.registry.signature import StageSignature
from pivot.registry.suggest import hint_for

# The format of what is declared here, by the suffix of its path.
_FORMATS: Mapping[str, str] = {
    ".json": "JSON",
    ".jsonl": "JSONL",
    ".yaml": "YAML",
    ".yml": "YAML",
    ".csv": "CSV",
    ".parquet": "Parquet",
    ".txt": "Text",
    ".md": "Text",
    ".html": "Text",
    ".pkl": "Pickle",
    ".pickle": "Pickle",
    ".npy": "Numpy",
    ".npz": "Numpy",
}
_FIGURES = (".png", ".svg", ".pdf")
_KINDS: Mapping[str, type[Out[Any]]] = {"outs": Out, "metrics": Metric, "plots": Plot}


class Declared(NamedTuple):
    """What `pivot.yaml` says of a stage's files."""

    dep_overrides: Mapping[str, Any]
    out_overrides: Mapping[str, Any]
    deps: Mapping[str, Dep[Any]]
    outs: Mapping[str, Out[Any]]


Where = Callable[[str, str], str]
"""Gives the place of a section's key."""


def declared(taken: StageSignature, paths: Mapping[str, Mapping[str, Any]], where: Where) -> Declared:
    """Sort the paths of all sections. Raises DefinitionError."""
    known_outs: dict[str, Out[Any]] = {**taken.incremental, **taken.outs}
    dep_overrides = {arg: path for arg, path in paths["deps"].items() if arg in taken.deps}
    deps = {
        arg: _dep(arg, path, taken, where("deps", arg))
        for arg, path in paths["deps"].items()
        if arg not in dep_overrides
    }
    for arg, path in paths["deps"].items():
        input_spec(path, f"input {arg!r}", where("deps", arg))
    out_overrides: dict[str, Any] = {}
    outs: dict[str, Out[Any]] = {}
    for section in _KINDS:
        for key, path in paths[section].items():
            if key in out_overrides or key in outs:
                raise PipelineConfigError(f"the output {key!r} stands in two sections", where=where(section, key))
            output_spec(path, f"output {key!r}", where(section, key))
            if key in known_outs:
                _check_kind(section, key, known_outs[key], where(section, key))
                out_overrides[key] = path
            else:
                outs[key] = _out(section, key, path, taken, where(section, key))
    return Declared(dep_overrides, out_overrides, deps, outs)


def _dep(arg: str, path: Any, taken: StageSignature, where: str) -> Dep[Any]:
    if arg not in taken.plain:
        names = [*taken.deps, *taken.plain]
        raise PipelineConfigError(
            f"the function has no parameter {arg!r} to load into", where=where, hint=hint_for(arg, names, "parameters")
        )
    kind = unmarked(taken.plain[arg])
    return Dep(path, _loader(path, kind, figures=False).suited_to(kind))


def _out(section: str, key: str, path: Any, taken: StageSignature, where: str) -> Out[Any]:
    if taken.outs:
        raise PipelineConfigError(
            f"the function has no output {key!r}", where=where, hint=hint_for(key, taken.outs, "outputs")
        )
    return _KINDS[section](path, _loader(path, unmarked(taken.returns), figures=True))


def _check_kind(section: str, key: str, out: Out[Any], where: str) -> None:
    right = next((name for name, kind in _KINDS.items() if kind is type(out)), "outs")
    if right != section:
        raise PipelineConfigError(
            f"the output {key!r} is a {type(out).__name__} of the function", where=where, hint=f"Put it under {right}."
        )


def _loader(path: Any, kind: Any, *, figures: bool) -> Any:
    """Choose by the suffix; a function that does not say what it takes or gives handles paths."""
    from pivot import loaders

    if _is_silent(kind):
        return loaders.PathOnly()
    suffix = PurePath(path if isinstance(path, str) else path[0]).suffix.lower()
    if figures and suffix in _FIGURES:
        return loaders.MatplotlibFigure()
    return getattr(loaders, _FORMATS.get(suffix, "PathOnly"))()


def _is_silent(kind: Any) -> bool:
    if kind in (None, type(None), inspect.Parameter.empty) or isinstance(kind, Unknown):
        return True
    return isinstance(kind, type) and issubclass(kind, PurePath)
